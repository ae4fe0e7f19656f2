// Generated from the API contract by `npm run generate`. Do not edit.

/** Path and method → operation. */
export interface paths {
  '/v1/chat/completions': {
    post: operations['chat.complete'];
  };
  '/v1/responses': {
    post: operations['responses.create'];
  };
  '/v1/responses/compact': {
    post: operations['responses.compact'];
  };
  '/v1/responses/{id}': {
    get: operations['responses.show'];
    delete: operations['responses.remove'];
  };
  '/v1/responses/{id}/cancel': {
    post: operations['responses.cancel'];
  };
  '/v1/responses/{id}/input_items': {
    get: operations['responses.items'];
  };
  '/v1/models': {
    get: operations['chat.models'];
  };
  '/v1/status': {
    get: operations['chat.status'];
  };
  '/v1/embeddings': {
    post: operations['chat.embeddings'];
  };
  '/v1/models/{id}': {
    get: operations['chat.model'];
  };
  '/v1/files': {
    get: operations['files.list'];
    post: operations['files.create'];
  };
  '/v1/files/{id}': {
    get: operations['files.show'];
    delete: operations['files.remove'];
  };
  '/v1/files/{id}/content': {
    get: operations['files.content'];
  };
  '/v1/batches': {
    get: operations['batches.list'];
    post: operations['batches.create'];
  };
  '/v1/batches/{id}': {
    get: operations['batches.show'];
  };
  '/v1/batches/{id}/cancel': {
    post: operations['batches.cancel'];
  };
  '/v1/feedback': {
    post: operations['feedback.give'];
  };
  '/api/doctor': {
    get: operations['doctor.show'];
  };
  '/api/overview': {
    get: operations['overview.show'];
  };
  '/api/live': {
    get: operations['live.watch'];
  };
  '/api/whoami': {
    get: operations['whoami.show'];
  };
  '/api/organisation': {
    patch: operations['organisation.update'];
  };
  '/api/projects': {
    get: operations['projects.list'];
    post: operations['projects.create'];
  };
  '/api/projects/{id}': {
    patch: operations['projects.update'];
    delete: operations['projects.archive'];
  };
  '/api/projects/{id}/consent': {
    get: operations['consent.show'];
    post: operations['consent.give'];
    delete: operations['consent.withdraw'];
  };
  '/api/keys': {
    get: operations['keys.list'];
    post: operations['keys.create'];
  };
  '/api/keys/{id}': {
    get: operations['keys.show'];
    patch: operations['keys.update'];
    delete: operations['keys.revoke'];
  };
  '/api/keys/{id}/rotate': {
    post: operations['keys.rotate'];
  };
  '/api/members': {
    get: operations['members.list'];
  };
  '/api/members/{id}': {
    patch: operations['members.update'];
    delete: operations['members.remove'];
  };
  '/api/invitations': {
    get: operations['invitations.list'];
    post: operations['invitations.create'];
  };
  '/api/invitations/{id}': {
    delete: operations['invitations.revoke'];
  };
  '/api/invitations/accept': {
    post: operations['invitations.accept'];
  };
  '/api/service-accounts': {
    get: operations['service-accounts.list'];
    post: operations['service-accounts.create'];
  };
  '/api/service-accounts/{id}': {
    delete: operations['service-accounts.disable'];
  };
  '/api/login/link': {
    post: operations['login.link'];
  };
  '/api/login': {
    get: operations['login.methods'];
  };
  '/api/login/exchange': {
    post: operations['login.exchange'];
  };
  '/api/login/key': {
    post: operations['login.key'];
  };
  '/api/logout': {
    post: operations['login.logout'];
  };
  '/api/events': {
    get: operations['events.list'];
  };
  '/api/events/verify': {
    get: operations['events.verify'];
  };
  '/api/prices': {
    get: operations['prices.list'];
    post: operations['prices.create'];
  };
  '/api/prices/import': {
    post: operations['prices.import'];
  };
  '/api/budgets': {
    get: operations['budgets.list'];
    post: operations['budgets.create'];
  };
  '/api/budgets/{id}': {
    patch: operations['budgets.update'];
    delete: operations['budgets.remove'];
  };
  '/api/usage': {
    get: operations['usage.list'];
    post: operations['usage.record'];
  };
  '/api/usage/{id}': {
    get: operations['usage.show'];
  };
  '/api/usage/export': {
    get: operations['usage.export'];
  };
  '/api/bill': {
    get: operations['bill.show'];
  };
  '/api/bill/verify': {
    get: operations['bill.verify'];
  };
  '/api/invoices': {
    get: operations['invoices.list'];
    post: operations['invoices.close'];
  };
  '/api/invoices/{id}': {
    get: operations['invoices.show'];
  };
  '/api/invoices/{id}/adjustments': {
    post: operations['adjustments.create'];
  };
  '/api/credits': {
    get: operations['credits.list'];
    post: operations['credits.create'];
  };
  '/api/limits': {
    get: operations['limits.list'];
    post: operations['limits.create'];
  };
  '/api/limits/{id}': {
    patch: operations['limits.update'];
    delete: operations['limits.remove'];
  };
  '/api/feeds': {
    get: operations['feeds.list'];
    post: operations['feeds.create'];
  };
  '/api/feeds/{id}': {
    patch: operations['feeds.update'];
    delete: operations['feeds.remove'];
  };
  '/api/feeds/{id}/rotate': {
    post: operations['feeds.rotate'];
  };
  '/api/webhooks': {
    get: operations['webhooks.list'];
    post: operations['webhooks.create'];
  };
  '/api/webhooks/{id}/rotate': {
    post: operations['webhooks.rotate'];
  };
  '/api/webhooks/{id}': {
    delete: operations['webhooks.remove'];
  };
  '/api/webhooks/{id}/deliveries': {
    get: operations['webhook-deliveries.list'];
  };
  '/api/config': {
    get: operations['config.show'];
  };
  '/api/config/plan': {
    post: operations['config.plan'];
  };
  '/api/config/apply': {
    post: operations['config.apply'];
  };
  '/api/models': {
    get: operations['models.list'];
    post: operations['models.create'];
  };
  '/api/models/{name}': {
    get: operations['models.show'];
    patch: operations['models.update'];
    delete: operations['models.remove'];
  };
  '/api/backends': {
    get: operations['backends.list'];
    post: operations['backends.create'];
  };
  '/api/backends/{id}': {
    patch: operations['backends.update'];
    delete: operations['backends.remove'];
  };
  '/api/backends/{id}/keys': {
    post: operations['backends.keys.set'];
  };
  '/api/backends/{id}/keys/{label}': {
    delete: operations['backends.keys.remove'];
  };
  '/api/backends/{id}/check': {
    post: operations['backends.check'];
  };
  '/api/feedback/summary': {
    get: operations['feedback.summary'];
  };
  '/api/feedback/export': {
    get: operations['feedback.export'];
  };
  '/api/content': {
    get: operations['content.list'];
  };
  '/api/projects/{id}/contributions': {
    get: operations['contributions.show'];
  };
  '/api/projects/{id}/purge': {
    post: operations['content.purge'];
  };
  '/api/hooks': {
    get: operations['hooks.list'];
    post: operations['hooks.create'];
  };
  '/api/hooks/{id}': {
    patch: operations['hooks.update'];
    delete: operations['hooks.remove'];
  };
  '/api/hooks/{id}/rotate': {
    post: operations['hooks.rotate'];
  };
  '/api/hooks/{id}/test': {
    post: operations['hooks.test'];
  };
  '/api/hooks/{id}/failures': {
    get: operations['hook-failures.list'];
  };
  '/api/requests': {
    get: operations['requests.list'];
  };
  '/api/requests/errors': {
    get: operations['requests.errors'];
  };
  '/api/requests/{id}': {
    get: operations['requests.show'];
  };
  '/api/latency': {
    get: operations['latency.show'];
  };
  '/api/spend': {
    get: operations['spend.show'];
  };
  '/api/leases/{id}/ssh': {
    post: operations['leases.ssh'];
  };
  '/api/leases/{id}/tickets': {
    post: operations['leases.ticket'];
  };
  '/api/nodes': {
    get: operations['nodes.list'];
    post: operations['nodes.add'];
  };
  '/api/nodes/{id}': {
    get: operations['nodes.show'];
    delete: operations['nodes.remove'];
  };
  '/api/nodes/{id}/approve': {
    post: operations['nodes.approve'];
  };
  '/api/nodes/{id}/wanted': {
    post: operations['nodes.wish'];
  };
  '/api/nodes/{id}/release': {
    post: operations['nodes.release'];
  };
  '/api/nodes/{id}/doctor': {
    post: operations['nodes.doctor'];
  };
  '/api/pools': {
    get: operations['pools.list'];
    post: operations['pools.create'];
  };
  '/api/pools/{id}': {
    patch: operations['pools.update'];
    delete: operations['pools.remove'];
  };
  '/api/leases/quote': {
    post: operations['leases.quote'];
  };
  '/api/leases': {
    post: operations['leases.create'];
    get: operations['leases.list'];
  };
  '/api/leases/{id}': {
    get: operations['leases.show'];
  };
  '/api/leases/{id}/logs': {
    get: operations['leases.logs'];
  };
  '/api/leases/{id}/extend': {
    post: operations['leases.extend'];
  };
  '/api/leases/{id}/hand-over': {
    post: operations['leases.hand-over'];
  };
  '/api/leases/{id}/end': {
    post: operations['leases.end'];
  };
  '/api/providers': {
    get: operations['providers.list'];
  };
  '/api/providers/{name}': {
    get: operations['providers.check'];
  };
  '/api/orphans': {
    get: operations['orphans.list'];
  };
  '/api/orders': {
    get: operations['orders.list'];
    post: operations['orders.create'];
  };
  '/api/orders/several': {
    post: operations['orders.several'];
  };
  '/api/orders/plan': {
    post: operations['orders.plan'];
  };
  '/api/orders/adopt': {
    post: operations['orders.adopt'];
  };
  '/api/orders/{id}': {
    get: operations['orders.show'];
  };
  '/api/orders/{id}/release': {
    post: operations['orders.release'];
  };
  '/api/orders/{id}/reinstall': {
    post: operations['orders.reinstall'];
  };
  '/api/orders/{id}/enter': {
    post: operations['orders.enter'];
  };
  '/api/leases/{id}/wipe-certificates': {
    get: operations['leases.wipes'];
  };
  '/api/nodes/{id}/wipes': {
    get: operations['nodes.wipes'];
  };
  '/api/wipe-keys': {
    get: operations['wipe-keys.list'];
  };
  '/api/operator-minutes': {
    get: operations['operator.minutes'];
  };
  '/api/quotas': {
    get: operations['quotas.list'];
    post: operations['quotas.set'];
  };
  '/api/quotas/{id}': {
    delete: operations['quotas.remove'];
  };
  '/api/leases/{id}/contents': {
    get: operations['leases.contents'];
  };
  '/api/leases/{id}/keep': {
    post: operations['leases.keep'];
    delete: operations['leases.let-go'];
  };
  '/api/volumes': {
    get: operations['volumes.list'];
  };
  '/api/volumes/{id}': {
    patch: operations['volumes.extend'];
    delete: operations['volumes.remove'];
  };
  '/api/servings': {
    get: operations['servings.list'];
    post: operations['servings.create'];
  };
  '/api/servings/{id}': {
    get: operations['servings.show'];
    patch: operations['servings.scale'];
  };
  '/api/servings/{id}/output': {
    get: operations['servings.output'];
  };
  '/api/servings/{id}/stop': {
    post: operations['servings.stop'];
  };
  '/api/leases/{id}/recordings': {
    get: operations['recordings.list'];
  };
  '/api/recordings/{id}': {
    get: operations['recordings.watch'];
    delete: operations['recordings.remove'];
  };
  '/api/agent-roots': {
    get: operations['agent-roots.list'];
    post: operations['agent-roots.replace'];
  };
  '/api/agent-roots/retire': {
    post: operations['agent-roots.retire'];
  };
}

/** The forms that recur. */
export interface components {
  schemas: {
    ChatMessage: {
      role: 'system' | 'developer' | 'user' | 'assistant' | 'tool';
      content?: string | {
        [key: string]: unknown;
      }[] | null;
      [key: string]: unknown;
    };
    ChatUsage: {
      prompt_tokens: number;
      completion_tokens: number;
      total_tokens: number;
      prompt_tokens_details?: {
        cached_tokens?: number;
        [key: string]: unknown;
      };
      completion_tokens_details?: {
        reasoning_tokens?: number;
        [key: string]: unknown;
      };
      [key: string]: unknown;
    };
    ChatReceipt: {
      id: string;
      /** Integer picodollars */
      charge: string;
      currency: string;
      backend: string;
      alias: string;
      lines: {
        [key: string]: unknown;
      }[];
      timings: {
        queueMs?: number | null;
        firstTokenMs?: number | null;
        totalMs?: number;
      };
    };
    ChatRequest: {
      /** An alias from GET /v1/models, such as tandem/local */
      model: string;
      messages: components['schemas']['ChatMessage'][];
      stream?: boolean;
      stream_options?: {
        include_usage?: boolean;
      };
      max_completion_tokens?: number;
      max_tokens?: number;
      temperature?: number;
      top_p?: number;
      seed?: number;
      stop?: string | string[];
      response_format?: {
        [key: string]: unknown;
      };
      [key: string]: unknown;
    };
    EmbeddingsRequest: {
      model: string;
      input: string | string[] | number[] | number[][];
      encoding_format?: 'float' | 'base64';
      dimensions?: number;
      user?: string;
      [key: string]: unknown;
    };
    Embeddings: {
      object: 'list';
      model: string;
      usage: {
        prompt_tokens?: number;
        total_tokens?: number;
      };
      data: ({
        object?: string;
        index?: number;
        embedding?: string | number[];
      })[];
    };
    Status: {
      object: 'status';
      now: string;
      state: 'ok' | 'degraded' | 'down';
      data: ({
        id?: string;
        state?: string;
        reason?: string | null;
        routes?: {
          open?: number;
          all?: number;
        };
        first_token_ms?: number | null;
        running?: number;
        [key: string]: unknown;
      })[];
    };
    ChatCompletion: {
      id: string;
      object: 'chat.completion';
      created: number;
      model: string;
      choices: ({
        index: number;
        message: components['schemas']['ChatMessage'];
        finish_reason: string | null;
        [key: string]: unknown;
      })[];
      usage?: components['schemas']['ChatUsage'];
      tandem?: components['schemas']['ChatReceipt'];
      [key: string]: unknown;
    };
    ChatChunk: {
      id: string;
      object: 'chat.completion.chunk';
      created: number;
      model: string;
      choices: ({
        index: number;
        delta: {
          role?: string;
          content?: string | null;
          [key: string]: unknown;
        };
        finish_reason?: string | null;
        [key: string]: unknown;
      })[];
      usage?: components['schemas']['ChatUsage'] | null;
      tandem?: components['schemas']['ChatReceipt'];
      [key: string]: unknown;
    };
    ResponseRequest: {
      model: string;
      input: string | {
        [key: string]: unknown;
      }[];
      instructions?: string | null;
      /** Goes on from a kept response */
      previous_response_id?: string;
      /** Default: true, for 30 days */
      store?: boolean;
      /** Answers at once; the response is fetched later */
      background?: boolean;
      stream?: boolean;
      max_output_tokens?: number;
      temperature?: number;
      top_p?: number;
      tools?: {
        [key: string]: unknown;
      }[];
      text?: {
        [key: string]: unknown;
      };
      reasoning?: {
        [key: string]: unknown;
      };
      include?: string[];
      metadata?: {
        [key: string]: string;
      };
      [key: string]: unknown;
    };
    Response: {
      id: string;
      object: 'response';
      created_at: number;
      model: string;
      status: 'queued' | 'in_progress' | 'completed' | 'incomplete' | 'failed' | 'cancelled';
      output: {
        [key: string]: unknown;
      }[];
      usage?: {
        [key: string]: unknown;
      } | null;
      [key: string]: unknown;
    };
    ResponseCompaction: {
      id: string;
      object: 'response.compaction';
      created_at: number;
      output: {
        [key: string]: unknown;
      }[];
      usage: {
        [key: string]: unknown;
      };
      [key: string]: unknown;
    };
    ResponseItems: {
      object: 'list';
      data: {
        [key: string]: unknown;
      }[];
      first_id: string | null;
      last_id: string | null;
      has_more: boolean;
    };
    ModelCard: {
      id: string;
      object: 'model';
      created: number;
      owned_by: string;
      [key: string]: unknown;
    };
    ModelApiError: {
      error: {
        message: string;
        type: string;
        param: string | null;
        code: string | null;
      };
    };
    AuditEvent: {
      sequence: number;
      /** UUIDv7 */
      id: string;
      /** UTC, ISO 8601 */
      at: string;
      actor: {
        kind: 'key' | 'member' | 'service-account' | 'system';
        id: string | null;
        label: string;
      };
      action: string;
      resourceKind: string;
      resourceId: string | null;
      /** Changed fields, before and after, without secrets */
      change: {
        [key: string]: unknown;
      };
      hash: string;
    };
    Backend: {
      /** UUIDv7 */
      id: string;
      name: string;
      kind: 'local' | 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
      url: string | null;
      options: {
        [key: string]: string;
      };
      /** A key is sealed here; it is never shown again */
      hasKey: boolean;
      keys: ({
        label: string;
        requestsPerMinute: number | null;
        tokensPerMinute: number | null;
        parallel: number | null;
        state: 'ready' | 'resting' | 'full' | 'unreadable';
        reason: string | null;
        since: string | null;
        againAt: string | null;
      })[];
      enabled: boolean;
      health: {
        state: 'ready' | 'starting' | 'degraded' | 'unavailable' | 'unknown';
        reason: string | null;
        since: string | null;
      };
      /** `fleet`: its targets are replicas of tandem gpu serve */
      from: 'built-in' | 'config' | 'api' | 'fleet';
      /** UTC, ISO 8601 */
      createdAt: string;
    };
    Bill: {
      /** Calendar month, UTC, as YYYY-MM */
      month: string;
      /** ISO 4217 code */
      currency: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      total: string;
      /** What it cost the operator; null: not known of every call. Absent: the caller may not see costs */
      cost?: string | null;
      /** Total less cost. Absent: the caller may not see costs */
      margin?: string | null;
      /** What leased machines cost for these calls, as far as their minutes are split. It is paid as leases: no part of total, cost, margin or due. Absent: the caller may not see costs */
      machine?: string;
      /** Calls of models */
      requests: string;
      lines: ({
        /** UUIDv7 */
        projectId: string;
        projectName: string;
        keyId: string | null;
        keyName: string | null;
        resource: string;
        /** Calls of a model; 0 where the line is the time of machines */
        requests: string;
        quantities: {
          /** A whole number, as a string */
          input?: string;
          /** A whole number, as a string */
          cache_read?: string;
          /** A whole number, as a string */
          cache_write?: string;
          /** A whole number, as a string */
          cache_write_1h?: string;
          /** A whole number, as a string */
          audio_input?: string;
          /** A whole number, as a string */
          image_input?: string;
          /** A whole number, as a string */
          output?: string;
          /** A whole number, as a string */
          reasoning?: string;
          /** A whole number, as a string */
          audio_output?: string;
          /** A whole number, as a string */
          request?: string;
          /** A whole number, as a string */
          cached_reply?: string;
          /** A whole number, as a string */
          second?: string;
          /** A whole number, as a string */
          minute?: string;
          /** A whole number, as a string */
          hour?: string;
          /** A whole number, as a string */
          day?: string;
          /** A whole number, as a string */
          week?: string;
          /** A whole number, as a string */
          month?: string;
          /** A whole number, as a string */
          byte?: string;
        };
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        charge: string;
        /** Null: not known of every call. Absent: the caller may not see costs */
        cost?: string | null;
      })[];
      state: 'open' | 'closed';
      invoiceNumber: string | null;
      credits: {
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        applied: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        available: string;
      };
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      adjustments: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      due: string;
      /** Everything that ended before this is in the bill */
      postedThrough: string | null;
      /** The rule by which each line was rounded */
      rounding: string;
    };
    Budget: {
      /** UUIDv7 */
      id: string;
      scope: {
        kind: 'organisation' | 'project' | 'key';
        /** UUIDv7 */
        id: string;
        name: string;
      };
      /** null: all calls of the scope together */
      subject: {
        /** By what the scope's calls are counted */
        kind: 'model' | 'user' | 'tag' | 'key' | 'project';
        /** The model, user or tag that the budget is for; null: each one by itself. Null for keys and projects: one of them has its budget as a scope */
        name: string | null;
      } | null;
      /** In words: whom it holds */
      holder: string;
      /** Non-negative integer picodollars, as a string */
      amount: string;
      /** ISO 4217 code */
      currency: string;
      period: 'day' | 'month' | 'total';
      /** Of a budget for each: by the one that spent most; held and left are of the same */
      spent: string;
      /** Held by calls that are running, and by slices */
      held: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      left: string;
      /** UTC, ISO 8601 */
      windowStart: string;
      windowEnd: string | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      /** Percents of the amount at which webhooks are told, once a window */
      alertShares: number[];
      /** Of a budget for each: who is counted; null: it is not for each */
      each: {
        /** How many are counted in this window */
        names: number;
        /** How many of them have nothing left */
        exhausted: number;
        /** Those that spent most */
        most: ({
          /** null: those past the bound on names, together; empty: calls that name none; of keys and projects their ids */
          name: string | null;
          /** How people call it */
          label: string | null;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          spent: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          held: string;
        })[];
      } | null;
    };
    Content: {
      /** UUIDv7 */
      projectId: string;
      projectName: string | null;
      purpose: string;
      count: number;
      bytes: number;
      /** UTC, ISO 8601 */
      oldest: string;
    };
    Credit: {
      /** UUIDv7 */
      id: string;
      kind: 'prepaid' | 'grant';
      /** Non-negative integer picodollars, as a string */
      amount: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      left: string;
      /** ISO 4217 code */
      currency: string;
      /** UTC, ISO 8601 */
      grantedAt: string;
      expiresAt: string | null;
      reason: string;
      author: string;
    };
    Error: {
      error: {
        code: string;
        message: string;
        /** A next step that works */
        next: string;
        param?: string;
        requestId: string;
        facts?: {
          [key: string]: unknown;
        };
      };
    };
    Feed: {
      /** UUIDv7 */
      id: string;
      url: string;
      format: 'tandem' | 'stripe';
      customer: string;
      state: 'sending' | 'paused' | 'failing';
      /** UTC, ISO 8601 */
      createdAt: string;
      /** Events that were taken; sent again, counted again */
      sent: string;
      lastSentAt: string | null;
      /** When the first event that it has not sent was recorded; null: it has sent all */
      resumesFrom: string | null;
      /** Of a feed that fails */
      nextTryAt: string | null;
      failingSince: string | null;
      lastProblem: string | null;
    };
    Hook: {
      /** UUIDv7 */
      id: string;
      name: string;
      /** Null: of the whole organisation */
      projectId: string | null;
      url: string;
      /** What it is asked about */
      stage: 'request' | 'reply' | 'both';
      deadlineMs: number;
      /** What becomes of a call when the hook fails: it goes on, or it does not */
      onFailure: 'open' | 'closed';
      enabled: boolean;
      /** UTC, ISO 8601 */
      createdAt: string;
      /** Questions so far; a second or two behind */
      asked: string;
      /** Questions without an answer that could be used */
      failed: string;
      lastFailedAt: string | null;
      lastProblem: string | null;
    };
    HookFailure: {
      /** UUIDv7 */
      id: string;
      /** UUIDv7 */
      callId: string;
      stage: 'request' | 'reply';
      problem: string;
      /** UTC, ISO 8601 */
      at: string;
    };
    Invitation: {
      /** UUIDv7 */
      id: string;
      email: string;
      role: 'owner' | 'admin' | 'developer' | 'viewer';
      invitedBy: string;
      /** UTC, ISO 8601 */
      createdAt: string;
      /** UTC, ISO 8601 */
      expiresAt: string;
      state: 'open' | 'accepted' | 'expired' | 'revoked';
    };
    Invoice: {
      /** UUIDv7 */
      id: string;
      number: string;
      /** Calendar month, UTC, as YYYY-MM */
      month: string;
      /** ISO 4217 code */
      currency: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      total: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      credits: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      adjustments: string;
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      due: string;
      /** UTC, ISO 8601 */
      closedAt: string;
    };
    Key: {
      /** UUIDv7 */
      id: string;
      name: string;
      /** The first characters, to tell keys apart */
      prefix: string;
      /** null: every project of the organisation */
      projectId: string | null;
      projectName: string | null;
      role: 'owner' | 'admin' | 'developer' | 'viewer';
      owner: {
        kind: 'key' | 'member' | 'service-account' | 'system';
        id: string | null;
        label: string;
      };
      /** null: every model */
      models: string[] | null;
      budget: {
        /** UUIDv7 */
        id: string;
        /** Non-negative integer picodollars, as a string */
        amount: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        spent: string;
        period: 'day' | 'month' | 'total';
      } | null;
      state: 'active' | 'expired' | 'revoked' | 'rotating';
      /** UTC, ISO 8601 */
      createdAt: string;
      expiresAt: string | null;
      revokedAt: string | null;
      lastUsedAt: string | null;
      replacedBy: string | null;
      /** How long its replies are kept for the same request again; null: not at all */
      cacheSeconds: number | null;
    };
    Lease: {
      /** UUIDv7 */
      id: string;
      name: string;
      /** UUIDv7 */
      projectId: string;
      askedBy: string;
      /** `root`: raw root, only where something outside the machine can reinstall it */
      access: 'api' | 'job' | 'shell' | 'root';
      state: 'waiting' | 'reserved' | 'granting' | 'running' | 'ending' | 'wiping' | 'ended';
      reason: string | null;
      wait: {
        code: string;
        /** Leases of the organisation that have what it waits for */
        holders: string[];
        forecastAt: string | null;
      } | null;
      pool: string;
      resource: string;
      /** GPUs, slices or machines that are paid */
      count: number;
      leastDay: boolean;
      machines: ({
        machineId: string;
        units: string[];
        stage: string;
        /** What the machine says really bounds it; null: not running yet, or it does not say */
        bounds: {
          /** Null: nothing bounds it */
          limits: {
            /** Thousandths of a core */
            cpuMillis: number | null;
            memoryBytes: number | null;
            processes: number | null;
            diskBytes: number | null;
          };
          /** `loopback`: it reaches itself alone */
          network: 'internet' | 'loopback';
          resolvers: string[];
          /** What the machine could not do */
          unbound: {
            what: string;
            why: string;
          }[];
        } | null;
      })[];
      startsAt: string | null;
      startedAt: string | null;
      endsAt: string | null;
      /** Up to when money is set aside */
      paidUntil: string | null;
      stoppedAt: string | null;
      endedAt: string | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      minutes: {
        asked: number | null;
        paid: number;
        /** Not paid */
        outOfReach: number;
      };
      cost: {
        /** ISO 4217 code */
        currency: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        soFar: string;
        /** Of that, what is in the bill */
        booked: string;
        /** Null: it has no end */
        atEnd: string | null;
        /** By the end of the month, if it goes on */
        thisMonth: string;
        atMost: string | null;
        /** What providers charge for its machines, by its share of them. Null: not known; absent: it is not shown here, or the caller does not see costs */
        provider?: {
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          soFar: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          perHour: string;
        } | null;
      };
      /** No more money could be set aside: it ends at paidUntil */
      moneyShort: boolean;
      /** Its sessions are recorded */
      record: boolean;
      /** The volume that its home becomes; null: its home is gone with it */
      volumeId: string | null;
      /** What it runs once; null: nothing */
      job: {
        /** `cut`: the lease ended first; `lost`: its sandbox or machine went down, and it is not run again; `failed`: it could not begin */
        state: 'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed';
        /** 128 and the signal's number where a signal ended it */
        exitCode: number | null;
        reason: string | null;
        startedAt: string | null;
        endedAt: string | null;
        keepOpen: boolean;
        /** Of several machines the first whose end ended the others; the exit code is its */
        failedRank: number | null;
        /** How its machines reach each other: `direct` over their pool's network, all ports, TCP and UDP, not encrypted; `server`: by TCP through the server. Null: one machine, or not decided yet */
        way: 'direct' | 'server' | null;
        /** Why not directly */
        wayReason: string | null;
        /** Of a job over several machines each, from when they are there; empty: it has one */
        ranks: ({
          rank: number;
          /** UUIDv7 */
          machineId: string;
          /** `cut`: the lease ended first; `lost`: its sandbox or machine went down, and it is not run again; `failed`: it could not begin */
          state: 'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed';
          /** 128 and the signal's number where a signal ended it */
          exitCode: number | null;
          reason: string | null;
          startedAt: string | null;
          endedAt: string | null;
        })[];
      } | null;
    };
    Limit: {
      /** UUIDv7 */
      id: string;
      scope: {
        kind: 'organisation' | 'project' | 'key';
        /** UUIDv7 */
        id: string;
        name: string;
      };
      /** null: all calls of the scope together */
      subject: {
        /** By what the scope's calls are counted */
        kind: 'project' | 'key' | 'model' | 'user' | 'tag';
        /** The model, user or tag that is limited; null: each one by itself */
        name: string | null;
      } | null;
      /** requests and tokens: admitted in a minute of the clock (UTC); parallel: calls that run at once */
      metric: 'requests' | 'tokens' | 'parallel';
      amount: number;
      /** In words: whom it holds */
      holder: string;
      /** UTC, ISO 8601 */
      createdAt: string;
    };
    Member: {
      /** UUIDv7 */
      id: string;
      email: string;
      name: string;
      role: 'owner' | 'admin' | 'developer' | 'viewer';
      /** UTC, ISO 8601 */
      createdAt: string;
      signInBy: ('link' | 'oidc')[];
    };
    Model: {
      name: string;
      goal: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
      regions: string[];
      limits: {
        attempts: number;
        attemptsWithinSeconds: number;
        connectSeconds: number;
        headSeconds: number;
        firstTokenSeconds: number;
        gapSeconds: number;
        wholeSeconds: number;
        hedge: {
          afterMs: number | null;
          share: number;
        } | null;
      };
      targets: ({
        /** The model's name at the backend */
        model: string;
        weight: number;
        order: number;
        region: string | null;
        enabled: boolean;
        contextTokens: number | null;
        maxOutputTokens: number;
        outputLimitField: 'max_tokens' | 'max_completion_tokens';
        can: {
          tools?: boolean;
          images?: boolean;
          files?: boolean;
          schema?: boolean;
          reasoning?: boolean;
          logprobs?: boolean;
        };
        backend: {
          /** UUIDv7 */
          id: string;
          name: string;
          kind: 'local' | 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
        };
        health: {
          state: 'ready' | 'starting' | 'degraded' | 'unavailable' | 'unknown';
          reason: string | null;
          since: string | null;
        };
        /** Of the process that answers */
        breaker: {
          state: 'closed' | 'open' | 'half-open';
          reason: string | null;
          since: string | null;
          againAt: string | null;
        };
        running: number;
        /** As lately seen by the process that answers */
        firstTokenMs: number | null;
        /** Null: unknown; absent: not the caller's to see */
        cost?: {
          input?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          cache_read?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          cache_write?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          cache_write_1h?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          audio_input?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          image_input?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          output?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          reasoning?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          audio_output?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          request?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          cached_reply?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          second?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          minute?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          hour?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          day?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          week?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          month?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
          byte?: {
            /** Non-negative integer picodollars, as a string */
            price: string;
            per: string;
          };
        } | null;
      })[];
      /** `fleet`: its targets are replicas of tandem gpu serve */
      from: 'built-in' | 'config' | 'api' | 'fleet';
      /** Of the first target, as are backendModel, contextTokens, maxOutputTokens and cost */
      backend: {
        /** UUIDv7 */
        id: string;
        name: string;
        kind: 'local' | 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
      };
      backendModel: string;
      contextTokens: number | null;
      maxOutputTokens: number;
      /** Of the best target */
      health: {
        state: 'ready' | 'starting' | 'degraded' | 'unavailable' | 'unknown';
        reason: string | null;
        since: string | null;
      };
      enabled: boolean;
      /** What callers pay; null: no price, so calls are refused */
      price: {
        input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_read?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_write?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_write_1h?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        audio_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        image_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        reasoning?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        audio_output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        request?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cached_reply?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        second?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        minute?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        hour?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        day?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        week?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        month?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        byte?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
      } | null;
      /** What the backend costs us; null: unknown; absent: not the caller's to see */
      cost?: {
        input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_read?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_write?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cache_write_1h?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        audio_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        image_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        reasoning?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        audio_output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        request?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        cached_reply?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        second?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        minute?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        hour?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        day?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        week?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        month?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
        byte?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          per: string;
        };
      } | null;
      currency: string;
      /** UTC, ISO 8601 */
      createdAt: string;
    };
    Node: {
      /** UUIDv7 */
      id: string;
      name: string;
      pool: string;
      platform: string;
      /** Linux in the place of a Mac: not macOS */
      standIn: boolean;
      state: 'removed' | 'quarantined' | 'new' | 'offline' | 'removing' | 'maintenance' | 'draining' | 'cordoned' | 'sick' | 'ready';
      connected: boolean;
      lastSeenAt: string | null;
      /** As its agent tells it */
      health: {
        state: 'unknown' | 'ok' | 'degraded' | 'sick';
        reasons: string[];
      };
      /** Null: no person has looked at what the machine says it is, so it serves no other organisation */
      approved: {
        by: string;
        /** UTC, ISO 8601 */
        at: string;
      } | null;
      /** Fields of the inventory that differ from what was approved */
      changed: string[];
      wanted: {
        what: 'serve' | 'cordon' | 'drain' | 'maintain' | 'remove';
        reason: string | null;
        by: string | null;
        at: string | null;
        /** When what still runs is ended by force */
        deadlineAt: string | null;
      };
      quarantine: {
        /** UTC, ISO 8601 */
        at: string;
        reason: string;
      } | null;
      /** As the machine itself tells it: a claim */
      inventory: {
        [key: string]: unknown;
      };
      inventoryAt: string | null;
      agentVersion: string | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      /** When it could first be leased */
      usableAt: string | null;
    };
    Order: {
      /** UUIDv7 */
      id: string;
      provider: string;
      offer: string;
      wanted: 'have' | 'released';
      state: 'asked' | 'delivering' | 'ready' | 'reinstalling' | 'failed' | 'leaving' | 'gone';
      reason: string | null;
      /** What to do about the last failure */
      next: string | null;
      estimateAt: string | null;
      machineId: string | null;
      reinstalls: number;
      orderedBy: string;
      /** UTC, ISO 8601 */
      createdAt: string;
      deliveredAt: string | null;
      billedSince: string | null;
      paidUntil: string | null;
      /** Before it the provider takes nothing back */
      deletableAt: string | null;
      neededUntil: string | null;
      releaseAt: string | null;
      goneAt: string | null;
      /** How its machine becomes a node by itself; null: a person enters it */
      arrival: {
        pool: string;
        /** `person`: somebody has to do what a step says */
        state: 'waits' | 'working' | 'person' | 'done';
        nodeId: string | null;
        hostKey: string | null;
        /** `first-use`: the provider reports none, so the key that answered first is believed */
        hostKeyFrom: 'provider' | 'first-use' | null;
        /** A reinstalled machine is to be a node again by then */
        by: string | null;
        steps: ({
          step: 'enter' | 'enrol' | 'connect' | 'password' | 'close' | 'probe';
          state: 'working' | 'waiting' | 'person' | 'done';
          attempts: number;
          reason: string | null;
          next: string | null;
          /** UTC, ISO 8601 */
          startedAt: string;
          endedAt: string | null;
        })[];
      } | null;
      cost: {
        /** ISO 4217 code */
        currency: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        perHour: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        ceiling: string;
        /** By the provider's terms; not its invoice */
        soFar: string;
      };
    };
    Orphan: {
      provider: string;
      machineId: string;
      name: string;
      tag: string | null;
      offer: string;
      state: string;
      perHour: string | null;
      currency: string | null;
      billedSince: string | null;
      /** UTC, ISO 8601 */
      firstSeenAt: string;
      /** UTC, ISO 8601 */
      lastSeenAt: string;
    };
    Pool: {
      /** Null: nothing is set for it */
      id: string | null;
      name: string;
      own: boolean;
      kinds: string[];
      resources: string[];
      openTo: 'own' | 'all';
      /** Of a Mac a day is paid at least: by other organisations than its owner, by all, or by nobody */
      leastDay: 'others' | 'always' | 'never';
      idleMinutes: number | null;
      record: boolean;
      resource: string | null;
      limits: {
        cpus: number | null;
        memoryMb: number | null;
        processes: number | null;
        diskMb: number | null;
      } | null;
      network: 'internet' | 'none';
      networkAllow: string[];
      resolvers: string[];
      ranksNetwork: string | null;
      machines: {
        all: number;
        leased: number;
        idle: number;
        wiping: number;
        closed: number;
      };
      units: {
        all: number;
        leased: number;
      };
      /** Linux in the place of a Mac is among them: not macOS */
      standIn: boolean;
    };
    Price: {
      /** UUIDv7 */
      id: string;
      /** What is priced: a model alias */
      resource: string;
      /** Callers of this tier, or calls on this service tier */
      tier: 'standard' | 'contributor' | 'priority' | 'flex';
      /** What callers pay, or what a backend costs us */
      side: 'sell' | 'cost';
      backendId: string | null;
      /** ISO 4217 code */
      currency: string;
      buckets: {
        input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_read?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write_1h?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        image_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        reasoning?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        request?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cached_reply?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        second?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        minute?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        hour?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        day?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        week?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        month?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        byte?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
      };
      /** What the same callers pay on flex; null: that goes by another list */
      flexBuckets: {
        input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_read?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write_1h?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        image_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        reasoning?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        request?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cached_reply?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        second?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        minute?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        hour?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        day?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        week?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        month?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        byte?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
      } | null;
      /** UTC, ISO 8601 */
      effectiveFrom: string;
      effectiveTo: string | null;
      source: string;
      /** UTC, ISO 8601 */
      createdAt: string;
      createdBy: string;
    };
    Project: {
      /** UUIDv7 */
      id: string;
      name: string;
      slug: string;
      tier: 'standard' | 'contributor';
      /** As for the organisation; content is kept only where both allow it */
      store: boolean;
      /** Since when and by whose word it pays for attempts that did not deliver; null: it does not */
      paysAttempts: {
        /** UTC, ISO 8601 */
        since: string;
        by: string;
      } | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      archivedAt: string | null;
    };
    Provider: {
      /** As the operator's file names the account */
      name: string;
      kind: 'scaleway' | 'ec2-mac' | 'static' | 'lambda';
      reinstalls: boolean;
    };
    Quota: {
      /** UUIDv7 */
      id: string;
      scope: {
        kind: 'organisation' | 'project';
        /** UUIDv7 */
        id: string;
        name: string;
      };
      /** Machines at a time; null: no limit */
      nodes: number | null;
      /** GPUs and slices at a time */
      gpus: number | null;
      /** Leases at a time */
      leases: number | null;
      /** What providers may bill for it in a calendar month (UTC) */
      spend: {
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        amount: string;
        /** ISO 4217 code */
        currency: string;
      } | null;
      /** Set by the operator: the organisation cannot take it away */
      byOperator: boolean;
      setBy: string;
      /** UTC, ISO 8601 */
      createdAt: string;
    };
    Recording: {
      /** UUIDv7 */
      id: string;
      /** UUIDv7 */
      leaseId: string;
      machineId: string;
      /** A terminal in the browser, a shell by SSH, a command such as scp, or a connection for ports alone */
      kind: 'terminal' | 'shell' | 'command' | 'connection';
      person: string;
      command: string | null;
      /** `refused`: what the machine sent was no recording, and is not kept */
      state: 'kept' | 'refused';
      reason: string | null;
      /** False: who had raw root on the machine could have changed it */
      tamperProof: boolean;
      /** False: it was longer than is kept, or was cut off */
      whole: boolean;
      /** 0: there is nothing to play */
      bytes: number;
      columns: number | null;
      rows: number | null;
      exitCode: number | null;
      /** By the machine's clock */
      startedAt: string;
      /** UTC, ISO 8601 */
      endedAt: string;
      /** It is removed then */
      expiresAt: string;
    };
    Request: {
      /** The header x-request-id of the reply, and a part of its own id */
      id: string;
      /** UTC, ISO 8601 */
      at: string;
      /** completed, client_left, failed, cut, deadline, or refused: not admitted */
      outcome: string;
      /** The error that it was answered with */
      code: string | null;
      status: number | null;
      model: string | null;
      dialect: string | null;
      tier: string | null;
      projectId: string | null;
      projectName: string | null;
      keyId: string | null;
      keyName: string | null;
      backendId: string | null;
      backendName: string | null;
      tries: number;
      user: string | null;
      scenario: string | null;
      tags: string[];
      streamed: boolean | null;
      finishReason: string | null;
      quantities: {
        [key: string]: string;
      };
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      charge: string;
      /** Null: not known. Absent: the caller may not see costs */
      cost?: string | null;
      /** Null: not known. Absent: the caller may not see costs */
      margin?: string | null;
      currency: string | null;
      firstTokenMs: number | null;
      totalMs: number | null;
    };
    ServiceAccount: {
      /** UUIDv7 */
      id: string;
      name: string;
      role: 'owner' | 'admin' | 'developer' | 'viewer';
      projectId: string | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      disabledAt: string | null;
    };
    Serving: {
      /** UUIDv7 */
      id: string;
      name: string;
      /** UUIDv7 */
      projectId: string;
      model: string;
      /** `embedded`: the local engine, which goes to the machine from here; the others have to be installed there */
      engine: 'vllm' | 'llama-cpp' | 'embedded';
      /** Prompt and answer together; null: the model's own */
      contextTokens: number | null;
      maxOutputTokens: number;
      /** Answers at a time; null: the engine's own */
      parallel: number | null;
      /** Further words for the engine's command line */
      args: string[];
      /** Above it there is to be one more replica; null: by the queue alone */
      targetFirstTokenMs: number | null;
      lease: {
        kind: 'gpu' | 'node' | 'mac';
        gpus: number | null;
        /** Such as h100-80gb; null: any */
        gpu: string | null;
        memoryGb: number | null;
        slice: string | null;
        pool: string | null;
        labels: {
          [key: string]: string;
        };
      };
      min: number;
      max: number;
      /** Without a call for so long it goes down to min; null: never */
      idleMinutes: number | null;
      /** A call while no replica answers waits for one to start, or is answered 503 with a time to come back at */
      cold: 'wait' | 'refuse';
      /** For each replica */
      atMost: string | null;
      askedBy: string;
      state: 'serving' | 'starting' | 'asleep' | 'stopping' | 'stopped';
      reason: string | null;
      wantedReplicas: number;
      readyReplicas: number;
      running: number;
      waiting: number;
      /** The middle one of the latest starts */
      coldStartMs: number | null;
      /** UTC, ISO 8601 */
      createdAt: string;
      stoppedAt: string | null;
      /** Of the last 30 days, up to the minutes that are split over tokens */
      money: {
        /** ISO 4217 code */
        currency: string;
        /** UTC, ISO 8601 */
        from: string;
        /** A whole number, as a string */
        tokens: string;
        /** Of minutes in which tokens were made */
        busyCost: string;
        /** Of minutes in which none was */
        idleCost: string;
        busyMinutes: number;
        idleMinutes: number;
        /** What callers paid for the tokens */
        charged: string;
        /** For a million tokens; null: there were none */
        perMillion: {
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          charged: string;
          /** All minutes */
          occupancy: string;
          /** Minutes with tokens alone */
          busy: string;
        } | null;
      };
    };
    UsageEvent: {
      /** UUIDv7 */
      id: string;
      kind: string;
      resource: string;
      serviceTier: 'default' | 'priority' | 'flex';
      /** UUIDv7 */
      projectId: string;
      projectName: string;
      keyId: string | null;
      keyName: string | null;
      /** UTC, ISO 8601 */
      occurredAt: string;
      /** UTC, ISO 8601 */
      recordedAt: string;
      quantities: {
        /** A whole number, as a string */
        input?: string;
        /** A whole number, as a string */
        cache_read?: string;
        /** A whole number, as a string */
        cache_write?: string;
        /** A whole number, as a string */
        cache_write_1h?: string;
        /** A whole number, as a string */
        audio_input?: string;
        /** A whole number, as a string */
        image_input?: string;
        /** A whole number, as a string */
        output?: string;
        /** A whole number, as a string */
        reasoning?: string;
        /** A whole number, as a string */
        audio_output?: string;
        /** A whole number, as a string */
        request?: string;
        /** A whole number, as a string */
        cached_reply?: string;
        /** A whole number, as a string */
        second?: string;
        /** A whole number, as a string */
        minute?: string;
        /** A whole number, as a string */
        hour?: string;
        /** A whole number, as a string */
        day?: string;
        /** A whole number, as a string */
        week?: string;
        /** A whole number, as a string */
        month?: string;
        /** A whole number, as a string */
        byte?: string;
      };
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      charge: string;
      /** Null: not known. Absent: the caller may not see costs */
      cost?: string | null;
      /** ISO 4217 code */
      currency: string;
      outcome: string;
      counted: string;
      attributes: {
        [key: string]: unknown;
      };
    };
    Volume: {
      /** UUIDv7 */
      id: string;
      name: string;
      /** UUIDv7 */
      projectId: string;
      /** It lies there, and a lease that has it is placed there */
      machineId: string;
      /** `new`: the home of a lease becomes it. `in-use`: a lease has it for its home. `removing`: gone when its machine is in reach */
      state: 'new' | 'in-use' | 'kept' | 'removing' | 'removed' | 'lost';
      reason: string | null;
      /** The lease that has it now */
      leaseId: string | null;
      /** The lease that has it or had it last */
      lastLease: {
        /** UUIDv7 */
        id: string;
        name: string;
      } | null;
      /** Null: not counted yet */
      files: string | null;
      bytes: string | null;
      /** How long it is kept after a lease */
      days: number;
      madeBy: string;
      /** UTC, ISO 8601 */
      createdAt: string;
      keptAt: string | null;
      expiresAt: string | null;
      /** By the price of `volume/gib`, each begun GiB by started hours, in the bill a day later. Null: nobody has set one, and nothing is charged */
      cost: {
        /** ISO 4217 code */
        currency: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        soFar: string;
        /** Of 30 days; null: it has no price now, or no size yet */
        perMonth: string | null;
      } | null;
    };
    Webhook: {
      /** UUIDv7 */
      id: string;
      url: string;
      events: ('budget.alert' | 'lease.notice')[];
      /** UTC, ISO 8601 */
      createdAt: string;
      /** Messages that are not taken yet */
      waiting: number;
      lastDeliveredAt: string | null;
      /** When the oldest message that waits was made */
      oldestWaitingAt: string | null;
      /** Since when a message that was tried is not taken */
      failingSince: string | null;
      nextTryAt: string | null;
      /** Messages of the last 30 days that are tried no more */
      givenUp: number;
      /** Why the newest message that waits was not taken */
      lastProblem: string | null;
    };
    WebhookDelivery: {
      /** Sent as webhook-id, the same at every try */
      id: string;
      event: string;
      state: 'waiting' | 'delivered' | 'given-up';
      attempts: number;
      /** UTC, ISO 8601 */
      createdAt: string;
      /** When it is tried next */
      dueAt: string | null;
      deliveredAt: string | null;
      lastStatus: number | null;
      lastProblem: string | null;
    };
  };
}

/** Operation id → what it takes and gives. */
export interface operations {
  /** Answer a conversation, streamed or whole */
  'chat.complete': {
    parameters: {
      query?: never;
      header?: {
        /** A repeated call gets the same reply and is charged once */
        'idempotency-key'?: string;
        /** Adds what the call cost and how long it took */
        'x-tandem-receipt'?: '1';
      };
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': components['schemas']['ChatRequest'] } };
    responses: {
      200: { content: { 'application/json': components['schemas']['ChatCompletion']; 'text/event-stream': components['schemas']['ChatChunk'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Answer a conversation that may be kept, gone on from, and run in the background */
  'responses.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': components['schemas']['ResponseRequest'] } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Response']; 'text/event-stream': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Sum a conversation up in one item */
  'responses.compact': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': components['schemas']['ResponseRequest'] } };
    responses: {
      200: { content: { 'application/json': components['schemas']['ResponseCompaction'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** A kept response, or its events from one of them on */
  'responses.show': {
    parameters: {
      query?: {
        /** Only for those made with background and stream */
        stream?: 'true';
        starting_after?: number;
        include?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Response'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Remove a kept response */
  'responses.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** End a response that runs in the background */
  'responses.cancel': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Response'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** What a response was made from */
  'responses.items': {
    parameters: {
      query?: {
        limit?: number;
        order?: 'asc' | 'desc';
        after?: string;
      };
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['ResponseItems'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** The models that this key may call */
  'chat.models': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        object: 'list';
        data: components['schemas']['ModelCard'][];
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** How the models that this key may call are doing: state, first token, what runs, price */
  'chat.status': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Status'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Embeddings, in OpenAI's form */
  'chat.embeddings': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': components['schemas']['EmbeddingsRequest'] } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Embeddings'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** One model; slashes in its id may be written as they are */
  'chat.model': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['ModelCard'] } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Files, newest first */
  'files.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
        order?: 'asc' | 'desc';
        purpose?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Upload a file; it is kept sealed */
  'files.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'multipart/form-data': {
      file: string;
      purpose: string;
      'expires_after[anchor]'?: string;
      'expires_after[seconds]'?: number;
    } } };
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** One file */
  'files.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Delete a file */
  'files.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** A file's bytes */
  'files.content': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/octet-stream': string } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Batches, newest first */
  'batches.list': {
    parameters: {
      query?: {
        after?: string;
        limit?: number;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Run the requests of a file within 24 hours, on spare capacity */
  'batches.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      input_file_id: string;
      endpoint: string;
      completion_window: '24h';
      metadata?: {
        [key: string]: string;
      };
      output_expires_after?: {
        [key: string]: unknown;
      };
    } } };
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** One batch */
  'batches.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Cancel a batch: lines that run end, the others are not begun */
  'batches.cancel': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Say how a reply was; said again, it replaces what was said */
  'feedback.give': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Of a reply, in any dialect */
      id: string;
      rating?: number | 'up' | 'down' | boolean;
      outcome?: string;
      comment?: string;
      /** What the reply should have been */
      edit?: string;
      scenario?: string;
      author?: string;
      kind?: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        [key: string]: unknown;
      } } };
      default: { content: { 'application/json': components['schemas']['ModelApiError'] } };
    };
  };
  /** Checks of every part, with the next step for what fails */
  'doctor.show': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        state: 'pass' | 'warn' | 'fail';
        version: string;
        checks: ({
          id: string;
          title: string;
          state: 'pass' | 'warn' | 'fail';
          detail: string;
          next: string | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** This month in a few numbers */
  'overview.show': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** Calendar month, UTC, as YYYY-MM */
        month: string;
        /** ISO 4217 code */
        currency: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        spend: string;
        /** Spend at this pace by the end of the month; null before the first day is over */
        forecast: string | null;
        /** What it cost the operator; null: not known of every call. Absent: the caller may not see costs */
        cost?: string | null;
        /** Spend less cost. Absent: the caller may not see costs */
        margin?: string | null;
        /** Calls of models */
        requests: string;
        /** A whole number, as a string */
        failed: string;
        tokens: {
          /** A whole number, as a string */
          input: string;
          /** A whole number, as a string */
          cacheRead: string;
          /** A whole number, as a string */
          output: string;
        };
        daily: {
          day: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          spend: string;
          /** Calls of models */
          requests: string;
        }[];
        models: {
          resource: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          spend: string;
          /** Calls of a model; 0 where the resource is the time of machines */
          requests: string;
        }[];
        health: {
          state: 'pass' | 'warn' | 'fail';
          problems: ({
            id: string;
            title: string;
            state: 'pass' | 'warn' | 'fail';
            detail: string;
            next: string | null;
          })[];
        };
        /** Of the last 24 hours */
        firstTokenMs: {
          p50: number | null;
          p95: number | null;
          calls: number;
        };
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What changes, as it changes: server-sent events */
  'live.watch': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'text/event-stream': {
        type: 'usage' | 'sight' | 'keys' | 'budgets' | 'limits' | 'prices' | 'models' | 'leases' | 'nodes' | 'heartbeat';
        /** UTC, ISO 8601 */
        at: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Who this key or session is */
  'whoami.show': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        organisation: {
          /** UUIDv7 */
          id: string;
          name: string;
          slug: string;
          /** ISO 4217 code */
          currency: string;
          billing: 'postpaid' | 'prepaid';
          /** Whether content may be kept for functions that need it: stored responses, files, batches */
          store: boolean;
          /** UTC, ISO 8601 */
          createdAt: string;
        };
        project: components['schemas']['Project'] | null;
        actor: {
          kind: 'key' | 'member' | 'service-account' | 'system';
          id: string | null;
          label: string;
        };
        role: 'owner' | 'admin' | 'developer' | 'viewer';
        permissions: string[];
        version: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Rename the organisation, or switch the keeping of content off or on */
  'organisation.update': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      store?: boolean;
    } } };
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        id: string;
        name: string;
        slug: string;
        /** ISO 4217 code */
        currency: string;
        billing: 'postpaid' | 'prepaid';
        /** Whether content may be kept for functions that need it: stored responses, files, batches */
        store: boolean;
        /** UTC, ISO 8601 */
        createdAt: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Projects of the organisation */
  'projects.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Project'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make a project */
  'projects.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Project'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Rename a project, switch the keeping of its content off or on, or decide whether it pays for attempts that did not deliver */
  'projects.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      store?: boolean;
      paysAttempts?: boolean;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Project'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Archive a project: its keys stop, its bills stay */
  'projects.archive': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Project'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Whether a project contributes its content, who agreed to what, and the text */
  'consent.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        projectId: string;
        state: 'none' | 'given' | 'withdrawn';
        textVersion: string | null;
        givenBy: string | null;
        givenAt: string | null;
        withdrawnBy: string | null;
        withdrawnAt: string | null;
        /** The text that would be agreed to now */
        current: {
          version: string;
          text: string;
        };
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Agree that a project contributes its content, for the contributor price */
  'consent.give': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Of the text that was read */
      textVersion: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        projectId: string;
        state: 'none' | 'given' | 'withdrawn';
        textVersion: string | null;
        givenBy: string | null;
        givenAt: string | null;
        withdrawnBy: string | null;
        withdrawnAt: string | null;
        /** The text that would be agreed to now */
        current: {
          version: string;
          text: string;
        };
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Withdraw consent: in force at once, and what was kept is deleted */
  'consent.withdraw': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        projectId: string;
        state: 'none' | 'given' | 'withdrawn';
        textVersion: string | null;
        givenBy: string | null;
        givenAt: string | null;
        withdrawnBy: string | null;
        withdrawnAt: string | null;
        /** The text that would be agreed to now */
        current: {
          version: string;
          text: string;
        };
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Keys, newest first */
  'keys.list': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
        /** UUIDv7 */
        projectId?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Key'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make a key; its secret is shown once */
  'keys.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      /** Default: the organisation's first project */
      projectId?: string;
      role?: 'owner' | 'admin' | 'developer' | 'viewer';
      models?: string[] | null;
      expiresAt?: string | null;
      /** UUIDv7 */
      serviceAccountId?: string;
      budget?: {
        /** Non-negative integer picodollars, as a string */
        amount: string;
        period?: 'day' | 'month' | 'total';
      } | null;
    } } };
    responses: {
      201: { content: { 'application/json': {
        key: components['schemas']['Key'];
        /** Shown once, never again */
        secret: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One key */
  'keys.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Key'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change name, models, expiry, or whether replies are cached */
  'keys.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      models?: string[] | null;
      expiresAt?: string | null;
      cacheSeconds?: number | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Key'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Revoke a key; in force everywhere within a second */
  'keys.revoke': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Key'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make a successor; the old key works until the overlap ends */
  'keys.rotate': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      overlapSeconds?: number;
    } } };
    responses: {
      201: { content: { 'application/json': {
        key: components['schemas']['Key'];
        /** Shown once, never again */
        secret: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Members of the organisation */
  'members.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Member'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change a role */
  'members.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      role: 'owner' | 'admin' | 'developer' | 'viewer';
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Member'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a member; sessions and keys of theirs end */
  'members.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Invitations */
  'invitations.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Invitation'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Invite by a link; the link is shown once */
  'invitations.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      email: string;
      role?: 'owner' | 'admin' | 'developer' | 'viewer';
    } } };
    responses: {
      201: { content: { 'application/json': {
        invitation: components['schemas']['Invitation'];
        url: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Withdraw an invitation */
  'invitations.revoke': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Accept an invitation and sign in */
  'invitations.accept': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      token: string;
      name: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        ok: true;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Service accounts */
  'service-accounts.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['ServiceAccount'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make a service account */
  'service-accounts.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      role?: 'owner' | 'admin' | 'developer' | 'viewer';
      projectId?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['ServiceAccount'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Disable a service account; its keys stop */
  'service-accounts.disable': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['ServiceAccount'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A one-time sign-in link for the caller */
  'login.link': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      201: { content: { 'application/json': {
        url: string;
        /** UTC, ISO 8601 */
        expiresAt: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Ways to sign in here */
  'login.methods': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        link: boolean;
        key: boolean;
        oidc: {
          name: string;
          url: string;
        } | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Exchange a one-time token for a session cookie */
  'login.exchange': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      token: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        ok: true;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Sign in to the console by key */
  'login.key': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      key: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        ok: true;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** End this session */
  'login.logout': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** The audit trail, newest first */
  'events.list': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
        action?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['AuditEvent'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Recompute the hash chain of the audit trail */
  'events.verify': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        ok: boolean;
        checked: number;
        firstBroken: {
          sequence: number;
          reason: string;
        } | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Prices in force, or every version with history=true */
  'prices.list': {
    parameters: {
      query?: {
        history?: string;
        resource?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Price'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Add a price version; versions are never changed */
  'prices.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** A model name as callers write it, such as tandem/local */
      resource: string;
      /** Callers of this tier, or calls on this service tier */
      tier?: 'standard' | 'contributor' | 'priority' | 'flex';
      side?: 'sell' | 'cost';
      /** UUIDv7 */
      backendId?: string;
      /** ISO 4217 code */
      currency?: string;
      buckets: {
        input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_read?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cache_write_1h?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        image_input?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        reasoning?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        audio_output?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        request?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        cached_reply?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        second?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        minute?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        hour?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        day?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        week?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        month?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
        byte?: {
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** The quantity that the price is stated for */
          per: string;
        };
      };
      /** Never in the past; default: now */
      effectiveFrom?: string;
      source: string;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Price'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Read a LiteLLM price map: show the difference, or apply it */
  'prices.import': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      map: {
        [key: string]: unknown;
      };
      only?: string[];
      apply?: boolean;
      source: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        applied: boolean;
        changes: ({
          resource: string;
          /** Callers of this tier, or calls on this service tier */
          tier: 'standard' | 'contributor' | 'priority' | 'flex';
          change: 'new' | 'changed' | 'same' | 'skipped';
          reason: string | null;
          before: {
            input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_read?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_write?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_write_1h?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            audio_input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            image_input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            output?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            reasoning?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            audio_output?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            request?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cached_reply?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            second?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            minute?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            hour?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            day?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            week?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            month?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            byte?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
          } | null;
          after: {
            input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_read?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_write?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cache_write_1h?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            audio_input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            image_input?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            output?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            reasoning?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            audio_output?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            request?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            cached_reply?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            second?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            minute?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            hour?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            day?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            week?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            month?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
            byte?: {
              /** Non-negative integer picodollars, as a string */
              price: string;
              /** The quantity that the price is stated for */
              per: string;
            };
          } | null;
        })[];
        summary: {
          new: number;
          changed: number;
          same: number;
          skipped: number;
        };
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Budgets with what is spent, held and left */
  'budgets.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Budget'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Set a budget that cannot be overrun */
  'budgets.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      scope: {
        kind: 'organisation' | 'project' | 'key';
        /** UUIDv7 */
        id: string;
      };
      subject?: {
        /** By what the scope's calls are counted */
        kind: 'model' | 'user' | 'tag' | 'key' | 'project';
        /** The model, user or tag that the budget is for; null: each one by itself. Null for keys and projects: one of them has its budget as a scope */
        name: string | null;
      } | null;
      /** Non-negative integer picodollars, as a string */
      amount: string;
      period?: 'day' | 'month' | 'total';
      /** Percents of the amount at which webhooks are told, such as 50, 80 and 100 */
      alertShares?: number[];
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Budget'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change the amount, or at which shares webhooks are told */
  'budgets.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Non-negative integer picodollars, as a string */
      amount?: string;
      /** Percents of the amount at which webhooks are told, such as 50, 80 and 100 */
      alertShares?: number[];
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Budget'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a budget */
  'budgets.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Usage events, newest first */
  'usage.list': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
        /** UUIDv7 */
        projectId?: string;
        /** UUIDv7 */
        keyId?: string;
        resource?: string;
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['UsageEvent'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Record usage events; the same id and payload once */
  'usage.record': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      events: ({
        /** UUIDv7 */
        id: string;
        kind: string;
        /** A model name as callers write it, such as tandem/local */
        resource: string;
        /** UUIDv7 */
        projectId: string;
        keyId?: string | null;
        /** UTC, ISO 8601 */
        occurredAt: string;
        quantities: {
          /** A whole number, as a string */
          input?: string;
          /** A whole number, as a string */
          cache_read?: string;
          /** A whole number, as a string */
          cache_write?: string;
          /** A whole number, as a string */
          cache_write_1h?: string;
          /** A whole number, as a string */
          audio_input?: string;
          /** A whole number, as a string */
          image_input?: string;
          /** A whole number, as a string */
          output?: string;
          /** A whole number, as a string */
          reasoning?: string;
          /** A whole number, as a string */
          audio_output?: string;
          /** A whole number, as a string */
          request?: string;
          /** A whole number, as a string */
          cached_reply?: string;
          /** A whole number, as a string */
          second?: string;
          /** A whole number, as a string */
          minute?: string;
          /** A whole number, as a string */
          hour?: string;
          /** A whole number, as a string */
          day?: string;
          /** A whole number, as a string */
          week?: string;
          /** A whole number, as a string */
          month?: string;
          /** A whole number, as a string */
          byte?: string;
        };
        attributes?: {
          [key: string]: string | number | boolean;
        };
      })[];
    } } };
    responses: {
      200: { content: { 'application/json': {
        recorded: number;
        repeated: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One usage event with its rated lines */
  'usage.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        id: string;
        kind: string;
        resource: string;
        serviceTier: 'default' | 'priority' | 'flex';
        /** UUIDv7 */
        projectId: string;
        projectName: string;
        keyId: string | null;
        keyName: string | null;
        /** UTC, ISO 8601 */
        occurredAt: string;
        /** UTC, ISO 8601 */
        recordedAt: string;
        quantities: {
          /** A whole number, as a string */
          input?: string;
          /** A whole number, as a string */
          cache_read?: string;
          /** A whole number, as a string */
          cache_write?: string;
          /** A whole number, as a string */
          cache_write_1h?: string;
          /** A whole number, as a string */
          audio_input?: string;
          /** A whole number, as a string */
          image_input?: string;
          /** A whole number, as a string */
          output?: string;
          /** A whole number, as a string */
          reasoning?: string;
          /** A whole number, as a string */
          audio_output?: string;
          /** A whole number, as a string */
          request?: string;
          /** A whole number, as a string */
          cached_reply?: string;
          /** A whole number, as a string */
          second?: string;
          /** A whole number, as a string */
          minute?: string;
          /** A whole number, as a string */
          hour?: string;
          /** A whole number, as a string */
          day?: string;
          /** A whole number, as a string */
          week?: string;
          /** A whole number, as a string */
          month?: string;
          /** A whole number, as a string */
          byte?: string;
        };
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        charge: string;
        /** Null: not known. Absent: the caller may not see costs */
        cost?: string | null;
        /** ISO 4217 code */
        currency: string;
        outcome: string;
        counted: string;
        attributes: {
          [key: string]: unknown;
        };
        lines: ({
          bucket: 'input' | 'cache_read' | 'cache_write' | 'cache_write_1h' | 'audio_input' | 'image_input' | 'output' | 'reasoning' | 'audio_output' | 'request' | 'cached_reply' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'byte';
          /** A whole number, as a string */
          quantity: string;
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** A whole number, as a string */
          per: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          amount: string;
          /** What of the quantity is of which attempt, where the project pays for attempts that did not deliver */
          attempts?: {
            /** From 1, as in attempts */
            attempt: number;
            /** A whole number, as a string */
            quantity: string;
          }[];
        })[];
        priceVersionId: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Usage events as a file, oldest first; go on behind the last id that you have */
  'usage.export': {
    parameters: {
      query?: {
        format?: 'csv' | 'jsonl';
        /** The id of the last row that you have */
        after?: string;
        /** UUIDv7 */
        projectId?: string;
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'text/csv': string; 'application/jsonl': string } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** The bill of a month by project, key and model */
  'bill.show': {
    parameters: {
      query?: {
        /** Calendar month, UTC, as YYYY-MM */
        month?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Bill'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Recompute everything from raw events and print the difference */
  'bill.verify': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        ok: boolean;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        difference: string;
        checks: ({
          id: string;
          title: string;
          state: 'pass' | 'fail';
          /** A whole number, as a string */
          checked: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          difference: string;
          detail: string | null;
        })[];
        lostToCrashes: {
          /** A whole number, as a string */
          calls: string;
          note: string;
        };
        firstFault: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Closed months */
  'invoices.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Invoice'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Close a past month into a numbered invoice */
  'invoices.close': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Calendar month, UTC, as YYYY-MM */
      month: string;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Invoice'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One invoice with its lines and adjustments */
  'invoices.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UUIDv7 */
        id: string;
        number: string;
        /** Calendar month, UTC, as YYYY-MM */
        month: string;
        /** ISO 4217 code */
        currency: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        total: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        credits: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        adjustments: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        due: string;
        /** UTC, ISO 8601 */
        closedAt: string;
        lines: ({
          /** UUIDv7 */
          projectId: string;
          projectName: string;
          keyId: string | null;
          keyName: string | null;
          resource: string;
          /** Calls of a model; 0 where the line is the time of machines */
          requests: string;
          quantities: {
            /** A whole number, as a string */
            input?: string;
            /** A whole number, as a string */
            cache_read?: string;
            /** A whole number, as a string */
            cache_write?: string;
            /** A whole number, as a string */
            cache_write_1h?: string;
            /** A whole number, as a string */
            audio_input?: string;
            /** A whole number, as a string */
            image_input?: string;
            /** A whole number, as a string */
            output?: string;
            /** A whole number, as a string */
            reasoning?: string;
            /** A whole number, as a string */
            audio_output?: string;
            /** A whole number, as a string */
            request?: string;
            /** A whole number, as a string */
            cached_reply?: string;
            /** A whole number, as a string */
            second?: string;
            /** A whole number, as a string */
            minute?: string;
            /** A whole number, as a string */
            hour?: string;
            /** A whole number, as a string */
            day?: string;
            /** A whole number, as a string */
            week?: string;
            /** A whole number, as a string */
            month?: string;
            /** A whole number, as a string */
            byte?: string;
          };
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          charge: string;
          /** Null: not known of every call. Absent: the caller may not see costs */
          cost?: string | null;
        })[];
        adjustmentList: {
          /** UUIDv7 */
          id: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          amount: string;
          reason: string;
          author: string;
          /** UTC, ISO 8601 */
          at: string;
        }[];
        hash: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Adjust a closed invoice */
  'adjustments.create': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Integer picodollars (10^-12 of the currency unit), as a string */
      amount: string;
      reason: string;
    } } };
    responses: {
      201: { content: { 'application/json': {
        /** UUIDv7 */
        id: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        amount: string;
        reason: string;
        author: string;
        /** UTC, ISO 8601 */
        at: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Prepaid credits and grants */
  'credits.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Credit'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Add prepaid credit or a grant */
  'credits.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** Chosen by the caller: the same id is credited once */
      id: string;
      kind: 'prepaid' | 'grant';
      /** Non-negative integer picodollars, as a string */
      amount: string;
      expiresAt?: string | null;
      reason: string;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Credit'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Limits on requests, tokens and parallel calls */
  'limits.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Limit'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Limit requests, tokens or parallel calls, over all processes */
  'limits.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      scope: {
        kind: 'organisation' | 'project' | 'key';
        /** UUIDv7 */
        id: string;
      };
      subject?: {
        /** By what the scope's calls are counted */
        kind: 'project' | 'key' | 'model' | 'user' | 'tag';
        /** The model, user or tag that is limited; null: each one by itself */
        name: string | null;
      } | null;
      /** requests and tokens: admitted in a minute of the clock (UTC); parallel: calls that run at once */
      metric: 'requests' | 'tokens' | 'parallel';
      amount: number;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Limit'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change the amount; in force everywhere within a second */
  'limits.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      amount: number;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Limit'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a limit */
  'limits.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Addresses that every usage event is sent to */
  'feeds.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Feed'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Send every usage event to an address, in order and at least once; its signing secret is shown once */
  'feeds.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      url: string;
      /** The events as they are, or as Stripe's meter events */
      format?: 'tandem' | 'stripe';
      /** Whom the receiver knows this organisation as; default: its id */
      customer?: string;
      /** Also what was recorded from here on; default: from now */
      from?: string;
    } } };
    responses: {
      201: { content: { 'application/json': {
        feed: components['schemas']['Feed'];
        /** Shown once, never again */
        secret: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Pause or resume a feed, or send again what was recorded from a time on */
  'feeds.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      paused?: boolean;
      /** UTC, ISO 8601 */
      replayFrom?: string;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Feed'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Stop sending usage to an address */
  'feeds.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Replace a feed's signing secret; both sign for a day */
  'feeds.rotate': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': Record<string, never> } };
    responses: {
      200: { content: { 'application/json': {
        /** Shown once, never again */
        secret: string;
        /** Until then messages are signed by the one of before too */
        bothUntil: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Addresses that are told of events */
  'webhooks.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Webhook'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Have an address told of events; its signing secret is shown once */
  'webhooks.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      url: string;
      events?: ('budget.alert' | 'lease.notice')[];
    } } };
    responses: {
      201: { content: { 'application/json': {
        endpoint: components['schemas']['Webhook'];
        /** Shown once, never again */
        secret: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Replace an address' signing secret; both sign for a day */
  'webhooks.rotate': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': Record<string, never> } };
    responses: {
      200: { content: { 'application/json': {
        /** Shown once, never again */
        secret: string;
        /** Until then messages are signed by the one of before too */
        bothUntil: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Stop telling an address; what waits for it is given up */
  'webhooks.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What was or is to be sent there, the newest hundred */
  'webhook-deliveries.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['WebhookDelivery'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Projects, backends, models, prices, budgets and limits as a file, without secrets */
  'config.show': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        config: {
          '$schema'?: string;
          projects?: {
            name: string;
            paysAttempts?: boolean;
          }[];
          backends?: ({
            name: string;
            kind: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
            url: string;
            options: {
              [key: string]: string;
            };
            enabled: boolean;
            keys: ({
              label: string;
              /** Absent: the one that is sealed here */
              key?: string;
              requestsPerMinute: number | null;
              tokensPerMinute: number | null;
              parallel: number | null;
            })[];
          })[];
          models?: ({
            name: string;
            goal: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
            regions: string[];
            limits: {
              attempts?: number;
              attemptsWithinSeconds?: number;
              connectSeconds?: number;
              headSeconds?: number;
              firstTokenSeconds?: number;
              gapSeconds?: number;
              wholeSeconds?: number;
              hedge?: {
                afterMs: number | null;
                share: number;
              } | null;
            };
            targets: ({
              /** A backend of this file, of the operator's file, or `local` */
              backend: string;
              /** The model's name at the backend */
              model: string;
              /** Its share beside the other targets; 0: only where no other can answer */
              weight: number;
              /** Those with a lesser one go first, whatever the goal */
              order: number;
              region: string | null;
              enabled: boolean;
              contextTokens: number | null;
              maxOutputTokens: number;
              outputLimitField: 'max_tokens' | 'max_completion_tokens';
              /** What the model is said to do or not to do; what is not said is tried */
              can: {
                tools?: boolean;
                images?: boolean;
                files?: boolean;
                schema?: boolean;
                reasoning?: boolean;
                logprobs?: boolean;
              };
            })[];
          })[];
          prices?: ({
            model: string;
            tier: 'standard' | 'contributor' | 'priority' | 'flex';
            /** A backend: what it costs us, instead of what callers pay */
            costOf: string | null;
            /** In the organisation's currency for a million tokens, for one request or for one cached reply; or picodollars per a quantity */
            buckets: {
              input?: string | {
                price: string;
                per: string;
              };
              cache_read?: string | {
                price: string;
                per: string;
              };
              cache_write?: string | {
                price: string;
                per: string;
              };
              cache_write_1h?: string | {
                price: string;
                per: string;
              };
              audio_input?: string | {
                price: string;
                per: string;
              };
              image_input?: string | {
                price: string;
                per: string;
              };
              output?: string | {
                price: string;
                per: string;
              };
              reasoning?: string | {
                price: string;
                per: string;
              };
              audio_output?: string | {
                price: string;
                per: string;
              };
              request?: string | {
                price: string;
                per: string;
              };
              cached_reply?: string | {
                price: string;
                per: string;
              };
              second?: string | {
                price: string;
                per: string;
              };
              minute?: string | {
                price: string;
                per: string;
              };
              hour?: string | {
                price: string;
                per: string;
              };
              day?: string | {
                price: string;
                per: string;
              };
              week?: string | {
                price: string;
                per: string;
              };
              month?: string | {
                price: string;
                per: string;
              };
              byte?: string | {
                price: string;
                per: string;
              };
            };
            source: string;
          })[];
          budgets?: ({
            scope: string;
            period: 'day' | 'month' | 'total';
            amount: string;
            alertShares: number[];
            subject: {
              kind: 'model' | 'user' | 'tag' | 'key' | 'project';
              name: string | null;
            } | null;
          })[];
          limits?: ({
            scope: string;
            metric: 'requests' | 'tokens' | 'parallel';
            amount: number;
            subject: {
              kind: 'project' | 'key' | 'model' | 'user' | 'tag';
              name: string | null;
            } | null;
          })[];
        };
        fingerprint: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What applying a configuration would change */
  'config.plan': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      config: {
        '$schema'?: string;
        projects?: {
          name: string;
          paysAttempts?: boolean;
        }[];
        backends?: ({
          name: string;
          kind?: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
          url: string;
          options?: {
            [key: string]: string;
          };
          enabled?: boolean;
          keys?: ({
            label: string;
            /** Absent: the one that is sealed here */
            key?: string;
            requestsPerMinute?: number | null;
            tokensPerMinute?: number | null;
            parallel?: number | null;
          })[];
        })[];
        models?: ({
          name: string;
          goal?: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
          regions?: string[];
          limits?: {
            attempts?: number;
            attemptsWithinSeconds?: number;
            connectSeconds?: number;
            headSeconds?: number;
            firstTokenSeconds?: number;
            gapSeconds?: number;
            wholeSeconds?: number;
            hedge?: {
              afterMs?: number | null;
              share: number;
            } | null;
          };
          targets: ({
            /** A backend of this file, of the operator's file, or `local` */
            backend: string;
            /** The model's name at the backend */
            model: string;
            /** Its share beside the other targets; 0: only where no other can answer */
            weight?: number;
            /** Those with a lesser one go first, whatever the goal */
            order?: number;
            region?: string | null;
            enabled?: boolean;
            contextTokens?: number | null;
            maxOutputTokens?: number;
            outputLimitField?: 'max_tokens' | 'max_completion_tokens';
            /** What the model is said to do or not to do; what is not said is tried */
            can?: {
              tools?: boolean;
              images?: boolean;
              files?: boolean;
              schema?: boolean;
              reasoning?: boolean;
              logprobs?: boolean;
            };
          })[];
        })[];
        prices?: ({
          model: string;
          tier?: 'standard' | 'contributor' | 'priority' | 'flex';
          /** A backend: what it costs us, instead of what callers pay */
          costOf?: string | null;
          /** In the organisation's currency for a million tokens, for one request or for one cached reply; or picodollars per a quantity */
          buckets: {
            input?: string | {
              price: string;
              per: string;
            };
            cache_read?: string | {
              price: string;
              per: string;
            };
            cache_write?: string | {
              price: string;
              per: string;
            };
            cache_write_1h?: string | {
              price: string;
              per: string;
            };
            audio_input?: string | {
              price: string;
              per: string;
            };
            image_input?: string | {
              price: string;
              per: string;
            };
            output?: string | {
              price: string;
              per: string;
            };
            reasoning?: string | {
              price: string;
              per: string;
            };
            audio_output?: string | {
              price: string;
              per: string;
            };
            request?: string | {
              price: string;
              per: string;
            };
            cached_reply?: string | {
              price: string;
              per: string;
            };
            second?: string | {
              price: string;
              per: string;
            };
            minute?: string | {
              price: string;
              per: string;
            };
            hour?: string | {
              price: string;
              per: string;
            };
            day?: string | {
              price: string;
              per: string;
            };
            week?: string | {
              price: string;
              per: string;
            };
            month?: string | {
              price: string;
              per: string;
            };
            byte?: string | {
              price: string;
              per: string;
            };
          };
          source?: string;
        })[];
        budgets?: ({
          scope: string;
          period?: 'day' | 'month' | 'total';
          amount: string;
          alertShares?: number[];
          subject?: {
            kind: 'model' | 'user' | 'tag' | 'key' | 'project';
            name?: string | null;
          } | null;
        })[];
        limits?: ({
          scope: string;
          metric: 'requests' | 'tokens' | 'parallel';
          amount: number;
          subject?: {
            kind: 'project' | 'key' | 'model' | 'user' | 'tag';
            name?: string | null;
          } | null;
        })[];
      };
    } } };
    responses: {
      200: { content: { 'application/json': {
        changes: ({
          action: 'add' | 'change' | 'remove';
          kind: 'project' | 'backend' | 'key' | 'model' | 'price' | 'budget' | 'limit';
          name: string;
          fields: ({
            field: string;
            before: string | null;
            after: string | null;
          })[];
        })[];
        /** How many things are as the file says */
        same: number;
        /** Of the state that the plan was made against */
        fingerprint: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Apply a configuration as it was planned */
  'config.apply': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      config: {
        '$schema'?: string;
        projects?: {
          name: string;
          paysAttempts?: boolean;
        }[];
        backends?: ({
          name: string;
          kind?: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
          url: string;
          options?: {
            [key: string]: string;
          };
          enabled?: boolean;
          keys?: ({
            label: string;
            /** Absent: the one that is sealed here */
            key?: string;
            requestsPerMinute?: number | null;
            tokensPerMinute?: number | null;
            parallel?: number | null;
          })[];
        })[];
        models?: ({
          name: string;
          goal?: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
          regions?: string[];
          limits?: {
            attempts?: number;
            attemptsWithinSeconds?: number;
            connectSeconds?: number;
            headSeconds?: number;
            firstTokenSeconds?: number;
            gapSeconds?: number;
            wholeSeconds?: number;
            hedge?: {
              afterMs?: number | null;
              share: number;
            } | null;
          };
          targets: ({
            /** A backend of this file, of the operator's file, or `local` */
            backend: string;
            /** The model's name at the backend */
            model: string;
            /** Its share beside the other targets; 0: only where no other can answer */
            weight?: number;
            /** Those with a lesser one go first, whatever the goal */
            order?: number;
            region?: string | null;
            enabled?: boolean;
            contextTokens?: number | null;
            maxOutputTokens?: number;
            outputLimitField?: 'max_tokens' | 'max_completion_tokens';
            /** What the model is said to do or not to do; what is not said is tried */
            can?: {
              tools?: boolean;
              images?: boolean;
              files?: boolean;
              schema?: boolean;
              reasoning?: boolean;
              logprobs?: boolean;
            };
          })[];
        })[];
        prices?: ({
          model: string;
          tier?: 'standard' | 'contributor' | 'priority' | 'flex';
          /** A backend: what it costs us, instead of what callers pay */
          costOf?: string | null;
          /** In the organisation's currency for a million tokens, for one request or for one cached reply; or picodollars per a quantity */
          buckets: {
            input?: string | {
              price: string;
              per: string;
            };
            cache_read?: string | {
              price: string;
              per: string;
            };
            cache_write?: string | {
              price: string;
              per: string;
            };
            cache_write_1h?: string | {
              price: string;
              per: string;
            };
            audio_input?: string | {
              price: string;
              per: string;
            };
            image_input?: string | {
              price: string;
              per: string;
            };
            output?: string | {
              price: string;
              per: string;
            };
            reasoning?: string | {
              price: string;
              per: string;
            };
            audio_output?: string | {
              price: string;
              per: string;
            };
            request?: string | {
              price: string;
              per: string;
            };
            cached_reply?: string | {
              price: string;
              per: string;
            };
            second?: string | {
              price: string;
              per: string;
            };
            minute?: string | {
              price: string;
              per: string;
            };
            hour?: string | {
              price: string;
              per: string;
            };
            day?: string | {
              price: string;
              per: string;
            };
            week?: string | {
              price: string;
              per: string;
            };
            month?: string | {
              price: string;
              per: string;
            };
            byte?: string | {
              price: string;
              per: string;
            };
          };
          source?: string;
        })[];
        budgets?: ({
          scope: string;
          period?: 'day' | 'month' | 'total';
          amount: string;
          alertShares?: number[];
          subject?: {
            kind: 'model' | 'user' | 'tag' | 'key' | 'project';
            name?: string | null;
          } | null;
        })[];
        limits?: ({
          scope: string;
          metric: 'requests' | 'tokens' | 'parallel';
          amount: number;
          subject?: {
            kind: 'project' | 'key' | 'model' | 'user' | 'tag';
            name?: string | null;
          } | null;
        })[];
      };
      /** Of the plan: a plan made against another state is refused */
      fingerprint: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        changes: ({
          action: 'add' | 'change' | 'remove';
          kind: 'project' | 'backend' | 'key' | 'model' | 'price' | 'budget' | 'limit';
          name: string;
          fields: ({
            field: string;
            before: string | null;
            after: string | null;
          })[];
        })[];
        /** How many things are as the file says */
        same: number;
        /** Of the state that the plan was made against */
        fingerprint: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Model aliases, their targets, health and prices */
  'models.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Model'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make an alias of one model on a backend, or of several targets */
  'models.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** A model name as callers write it, such as tandem/local */
      name: string;
      /** UUIDv7 */
      backendId?: string;
      /** The model's name at the backend */
      backendModel?: string;
      contextTokens?: number | null;
      maxOutputTokens?: number;
      /** Instead of backendId and the three after it */
      targets?: ({
        /** UUIDv7 */
        backendId: string;
        /** The model's name at the backend */
        model: string;
        /** Its share beside the other targets; 0: only where no other can answer */
        weight?: number;
        /** Those with a lesser one go first, whatever the goal */
        order?: number;
        region?: string | null;
        enabled?: boolean;
        contextTokens?: number | null;
        maxOutputTokens?: number;
        outputLimitField?: 'max_tokens' | 'max_completion_tokens';
        /** What the model is said to do or not to do; what is not said is tried */
        can?: {
          tools?: boolean;
          images?: boolean;
          files?: boolean;
          schema?: boolean;
          reasoning?: boolean;
          logprobs?: boolean;
        };
      })[];
      goal?: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
      regions?: string[];
      limits?: {
        attempts?: number;
        attemptsWithinSeconds?: number;
        connectSeconds?: number;
        headSeconds?: number;
        firstTokenSeconds?: number;
        gapSeconds?: number;
        wholeSeconds?: number;
        hedge?: {
          afterMs?: number | null;
          share: number;
        } | null;
      };
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Model'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One alias with its targets, their breakers and prices */
  'models.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** A model name as callers write it, such as tandem/local */
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Model'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change how an alias finds its target; what is left out stays */
  'models.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** A model name as callers write it, such as tandem/local */
        name: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      targets?: ({
        /** UUIDv7 */
        backendId: string;
        /** The model's name at the backend */
        model: string;
        /** Its share beside the other targets; 0: only where no other can answer */
        weight?: number;
        /** Those with a lesser one go first, whatever the goal */
        order?: number;
        region?: string | null;
        enabled?: boolean;
        contextTokens?: number | null;
        maxOutputTokens?: number;
        outputLimitField?: 'max_tokens' | 'max_completion_tokens';
        /** What the model is said to do or not to do; what is not said is tried */
        can?: {
          tools?: boolean;
          images?: boolean;
          files?: boolean;
          schema?: boolean;
          reasoning?: boolean;
          logprobs?: boolean;
        };
      })[];
      goal?: 'weights' | 'order' | 'cheapest' | 'fastest' | 'least-busy' | 'same-prefix';
      regions?: string[];
      limits?: {
        attempts?: number;
        attemptsWithinSeconds?: number;
        connectSeconds?: number;
        headSeconds?: number;
        firstTokenSeconds?: number;
        gapSeconds?: number;
        wholeSeconds?: number;
        hedge?: {
          afterMs?: number | null;
          share: number;
        } | null;
      };
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Model'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove an alias */
  'models.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** A model name as callers write it, such as tandem/local */
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Backends */
  'backends.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Backend'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Add a backend; its key is sealed */
  'backends.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      url: string;
      kind?: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
      options?: {
        [key: string]: string;
      };
      key?: string;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Backend'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change a backend; what is left out stays */
  'backends.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      key?: string | null;
      enabled?: boolean;
      options?: {
        [key: string]: string;
      };
      url?: string;
      kind?: 'openai-compatible' | 'openai-responses' | 'anthropic' | 'gemini' | 'bedrock';
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Backend'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a backend that no alias uses */
  'backends.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Add a key under a label, replace it, or change its limits */
  'backends.keys.set': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      label: string;
      key?: string;
      requestsPerMinute?: number | null;
      tokensPerMinute?: number | null;
      parallel?: number | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Backend'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a key of a backend */
  'backends.keys.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
        label: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Call the backend once and say what it answers */
  'backends.check': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        ok: boolean;
        latencyMs: number | null;
        models: string[];
        problem: string | null;
        next: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What was said of replies, refusals, latency and cost by scenario, from metadata alone */
  'feedback.summary': {
    parameters: {
      query?: {
        /** Default: 30 days before the end */
        from?: string;
        /** Default: now */
        to?: string;
        /** UUIDv7 */
        projectId?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: ({
          /** As callers name it; empty: feedback that names none */
          scenario: string;
          /** A whole number, as a string */
          calls: string;
          /** A whole number, as a string */
          failed: string;
          /** The model declined to answer, or a filter cut it off */
          refusals: string;
          firstTokenP50Ms: number | null;
          wholeP50Ms: number | null;
          wholeP95Ms: number | null;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          charge: string;
          /** Of the calls whose cost is known. Absent: the caller may not see costs */
          cost?: string;
          /** A whole number, as a string */
          costUnknown?: string;
          said: {
            count: number;
            rated: number;
            meanRating: number | null;
            up: number;
            down: number;
            outcomes: {
              [key: string]: number;
            };
          };
        })[];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Calls that consenting projects contributed, with feedback, redacted, for training */
  'feedback.export': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: ({
          /** UUIDv7 */
          id: string;
          /** UUIDv7 */
          projectId: string;
          dialect: string;
          request: unknown;
          /** JSON; the data of each event where it was a stream */
          reply: unknown;
          streamed: boolean;
          feedback: ({
            kind: string;
            rating: number | null;
            outcome: string | null;
            scenario: string | null;
            comment: string | null;
            edit: string | null;
          })[];
        })[];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** How much content is kept, by project and function */
  'content.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Content'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** How many calls of a consenting project are kept, and how many were not */
  'contributions.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** Now; each ends after 30 days */
        kept: number;
        /** Of all time */
        notKept: {
          /** Too many waited to be written */
          tooMany: string;
          /** Above 1,000,000 characters */
          tooLarge: string;
          /** The database refused */
          failed: string;
        };
        lastNotKeptAt: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove all content of a project; its usage and bills stay */
  'content.purge': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** The project's name, as a safeguard */
      name: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        removed: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Addresses that are asked about calls of models */
  'hooks.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Hook'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Have an address asked about requests, replies or both: it may block, change or annotate; its signing secret is shown once */
  'hooks.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      url: string;
      /** Null: the whole organisation */
      projectId?: string | null;
      /** What it is asked about */
      stage?: 'request' | 'reply' | 'both';
      deadlineMs?: number;
      onFailure?: 'open' | 'closed';
      enabled?: boolean;
    } } };
    responses: {
      201: { content: { 'application/json': {
        hook: components['schemas']['Hook'];
        /** Shown once, never again */
        secret: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change a hook, or switch it off and on */
  'hooks.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      url?: string;
      /** What it is asked about */
      stage?: 'request' | 'reply' | 'both';
      deadlineMs?: number;
      onFailure?: 'open' | 'closed';
      enabled?: boolean;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Hook'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Ask an address no more */
  'hooks.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Replace a hook's signing secret; both sign for a day */
  'hooks.rotate': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': Record<string, never> } };
    responses: {
      200: { content: { 'application/json': {
        /** Shown once, never again */
        secret: string;
        /** Until then messages are signed by the one of before too */
        bothUntil: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Ask a hook about a call that nobody made, marked "test": true */
  'hooks.test': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': Record<string, never> } };
    responses: {
      200: { content: { 'application/json': {
        tries: ({
          stage: 'request' | 'reply';
          /** Null: it failed */
          action: 'allow' | 'block' | 'replace' | null;
          problem: string | null;
          ms: number;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A hook's newest hundred failures, without anything of the calls */
  'hook-failures.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['HookFailure'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Calls of the model API, refused ones too, newest first */
  'requests.list': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
        /** UUIDv7 */
        projectId?: string;
        /** UUIDv7 */
        keyId?: string;
        model?: string;
        backendId?: string;
        tier?: string;
        user?: string;
        scenario?: string;
        tag?: string;
        outcome?: 'completed' | 'client_left' | 'failed' | 'cut' | 'deadline' | 'refused' | 'not_completed';
        code?: string;
        status?: number;
        dialect?: string;
        /** The whole reply took at least so long */
        minMs?: number;
        /** Of a reply in any dialect, or its x-request-id */
        id?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Request'][];
        nextCursor: string | null;
        /** Set where a page ended because 100,000 calls were looked through */
        lookedBackTo: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** How many calls were answered with an error, by code */
  'requests.errors': {
    parameters: {
      query?: {
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
        /** UUIDv7 */
        projectId?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UTC, ISO 8601 */
        from: string;
        /** UTC, ISO 8601 */
        to: string;
        /** A whole number, as a string */
        admitted: string;
        /** A whole number, as a string */
        errors: string;
        codes: {
          code: string;
          /** A whole number, as a string */
          calls: string;
          /** UTC, ISO 8601 */
          lastAt: string;
        }[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One call with its waterfall, route, tokens and cost */
  'requests.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** The header x-request-id of the reply, and a part of its own id */
        id: string;
        /** UTC, ISO 8601 */
        at: string;
        /** completed, client_left, failed, cut, deadline, or refused: not admitted */
        outcome: string;
        /** The error that it was answered with */
        code: string | null;
        status: number | null;
        model: string | null;
        dialect: string | null;
        tier: string | null;
        projectId: string | null;
        projectName: string | null;
        keyId: string | null;
        keyName: string | null;
        backendId: string | null;
        backendName: string | null;
        tries: number;
        user: string | null;
        scenario: string | null;
        tags: string[];
        streamed: boolean | null;
        finishReason: string | null;
        quantities: {
          [key: string]: string;
        };
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        charge: string;
        /** Null: not known. Absent: the caller may not see costs */
        cost?: string | null;
        /** Null: not known. Absent: the caller may not see costs */
        margin?: string | null;
        currency: string | null;
        firstTokenMs: number | null;
        totalMs: number | null;
        recordedAt: string | null;
        counted: string | null;
        /** In milliseconds from the admission; settle comes after the reply */
        stages: ({
          stage: 'queue' | 'connect' | 'first_token' | 'stream' | 'settle';
          startMs: number;
          ms: number;
          /** What it waited for */
          reason: string;
        })[];
        attempts: ({
          number: number;
          backendId: string | null;
          backendName: string | null;
          backendModel: string | null;
          backendKey: string | null;
          outcome: string;
          httpStatus: number | null;
          served: boolean;
          hedged: boolean;
          countedBy: string | null;
          startMs: number;
          ms: number;
          stages: ({
            stage: 'queue' | 'connect' | 'first_token' | 'stream' | 'settle';
            startMs: number;
            ms: number;
            /** What it waited for */
            reason: string;
          })[];
          quantities: {
            [key: string]: string;
          };
          /** What the caller pays of it; null: nothing */
          charge: string | null;
          /** Null: not known. Absent: the caller may not see costs */
          cost?: string | null;
          reason: string;
        })[];
        /** What the leased machines cost that it ran on. Null: it ran on none. Absent: the caller may not see costs */
        machine?: {
          /** waiting: its minutes are not split yet, which takes some three minutes and the end of the call. missed: its usage was written down after the last of them was split */
          state: 'split' | 'waiting' | 'missed';
          /** Minutes of leases, each by the call's part of its tokens; null unless split */
          minutes: number | null;
          /** Its part of what these minutes cost, without idle ones; null unless split */
          cost: string | null;
          /** ISO 4217 code */
          currency: string;
        } | null;
        /** What hooks noted, kept for 30 days: a name to a label; null where what they said is no label, and so is not kept */
        annotations: {
          [key: string]: string | null;
        };
        lines: ({
          bucket: 'input' | 'cache_read' | 'cache_write' | 'cache_write_1h' | 'audio_input' | 'image_input' | 'output' | 'reasoning' | 'audio_output' | 'request' | 'cached_reply' | 'second' | 'minute' | 'hour' | 'day' | 'week' | 'month' | 'byte';
          /** A whole number, as a string */
          quantity: string;
          /** Non-negative integer picodollars, as a string */
          price: string;
          /** A whole number, as a string */
          per: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          amount: string;
          /** What of the quantity is of which attempt, where the project pays for attempts that did not deliver */
          attempts?: {
            /** From 1, as in attempts */
            attempt: number;
            /** A whole number, as a string */
            quantity: string;
          }[];
        })[];
        route: {
          code: string;
          why: string;
        } | null;
        error: {
          code: string;
          status: number;
          param: string | null;
          message: string | null;
          next: string | null;
          facts: {
            [key: string]: unknown;
          };
        } | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Percentiles of first token, tokens per second and whole reply */
  'latency.show': {
    parameters: {
      query?: {
        by?: 'route' | 'model' | 'backend' | 'project';
        top?: number;
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
        step?: 'hour' | 'day';
        /** UUIDv7 */
        projectId?: string;
        model?: string;
        backendId?: string;
        /** UUIDv7 */
        keyId?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UTC, ISO 8601 */
        from: string;
        /** UTC, ISO 8601 */
        to: string;
        step: 'hour' | 'day';
        by: string;
        /** How far a percentile can lie from the true one, as a share of it */
        errorShare: number;
        /** Set where only the newest so many calls were looked at */
        newestCalls: number | null;
        all: {
          model: string | null;
          backendId: string | null;
          backendName: string | null;
          projectId: string | null;
          projectName: string | null;
          firstTokenMs: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          /** After the first token; p95: 95 in 100 calls had at least so many */
          tokensPerSecond: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          wholeMs: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          points: ({
            /** UTC, ISO 8601 */
            at: string;
            firstTokenMs: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
            /** After the first token; p95: 95 in 100 calls had at least so many */
            tokensPerSecond: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
            wholeMs: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
          })[];
        };
        series: ({
          model: string | null;
          backendId: string | null;
          backendName: string | null;
          projectId: string | null;
          projectName: string | null;
          firstTokenMs: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          /** After the first token; p95: 95 in 100 calls had at least so many */
          tokensPerSecond: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          wholeMs: {
            p50: number;
            p95: number;
            p99: number;
            /** A whole number, as a string */
            calls: string;
          } | null;
          points: ({
            /** UTC, ISO 8601 */
            at: string;
            firstTokenMs: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
            /** After the first token; p95: 95 in 100 calls had at least so many */
            tokensPerSecond: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
            wholeMs: {
              p50: number;
              p95: number;
              p99: number;
              /** A whole number, as a string */
              calls: string;
            } | null;
          })[];
        })[];
        seriesInAll: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A metric by one or two dimensions, the top ones and the others */
  'spend.show': {
    parameters: {
      query?: {
        /** cost, margin and machine: for the operator alone */
        metric?: 'charge' | 'cost' | 'margin' | 'machine' | 'requests' | 'failed' | 'tokens' | 'input' | 'cache_read' | 'cache_write' | 'output' | 'reasoning' | 'audio' | 'image';
        group?: 'project' | 'key' | 'model' | 'backend' | 'tier' | 'user' | 'scenario' | 'tag' | 'hour' | 'day' | 'month';
        subgroup?: 'project' | 'key' | 'model' | 'backend' | 'tier' | 'user' | 'scenario' | 'tag' | 'hour' | 'day' | 'month';
        top?: number;
        /** UTC, ISO 8601 */
        from?: string;
        /** UTC, ISO 8601 */
        to?: string;
        /** UUIDv7 */
        projectId?: string;
        /** UUIDv7 */
        keyId?: string;
        model?: string;
        backendId?: string;
        tier?: string;
        user?: string;
        scenario?: string;
        tag?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** UTC, ISO 8601 */
        from: string;
        /** UTC, ISO 8601 */
        to: string;
        /** ISO 4217 code */
        currency: string;
        metric: 'charge' | 'cost' | 'margin' | 'machine' | 'requests' | 'failed' | 'tokens' | 'input' | 'cache_read' | 'cache_write' | 'output' | 'reasoning' | 'audio' | 'image';
        group: 'project' | 'key' | 'model' | 'backend' | 'tier' | 'user' | 'scenario' | 'tag' | 'hour' | 'day' | 'month';
        subgroup: 'project' | 'key' | 'model' | 'backend' | 'tier' | 'user' | 'scenario' | 'tag' | 'hour' | 'day' | 'month' | null;
        /** Of everything that fits, whatever is listed */
        total: {
          /** A whole number, as a string */
          requests: string;
          /** A whole number, as a string */
          failed: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          charge: string;
          /** Of the calls whose cost is known; null: of none. Absent: the caller may not see costs */
          cost?: string | null;
          /** Over the calls whose cost is known. Absent: the caller may not see costs */
          margin?: string | null;
          /** Usage events (calls, minutes of machines) whose cost is not known. Absent: the caller may not see costs */
          costUnknown?: string;
          /** What leased machines cost for these calls, as far as their minutes are split: paid as leases, so in neither cost nor margin. Absent: the caller may not see costs */
          machine?: string;
          /** A whole number, as a string */
          tokens: string;
          /** Picodollars or a count, by the metric; null: not known */
          value: string | null;
        };
        /** Picodollars or a count, by the metric; null: not known */
        before: string | null;
        groups: ({
          /** Null: what lies past the top, together */
          key: string | null;
          name: string;
          /** Picodollars or a count, by the metric; null: not known */
          value: string | null;
          /** A whole number, as a string */
          requests: string;
          /** A whole number, as a string */
          failed: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          charge: string;
          /** Of the calls whose cost is known; null: of none. Absent: the caller may not see costs */
          cost?: string | null;
          /** Over the calls whose cost is known. Absent: the caller may not see costs */
          margin?: string | null;
          /** Usage events (calls, minutes of machines) whose cost is not known. Absent: the caller may not see costs */
          costUnknown?: string;
          /** What leased machines cost for these calls, as far as their minutes are split: paid as leases, so in neither cost nor margin. Absent: the caller may not see costs */
          machine?: string;
          /** A whole number, as a string */
          tokens: string;
          parts: ({
            /** Null: what lies past the top, together */
            key: string | null;
            name: string;
            /** Picodollars or a count, by the metric; null: not known */
            value: string | null;
          })[];
        })[];
        groupsInAll: number;
        /** A call with two tags counts in both groups */
        overlapping: boolean;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Let a key into a lease by SSH for some minutes; the session itself goes through GET /api/leases/{id}/stream with the header Upgrade: tandem-stream */
  'leases.ssh': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** One line of an OpenSSH public key */
      publicKey: string;
    } } };
    responses: {
      200: { content: { 'application/json': {
        /** By this name the client knows the host; it is in no DNS */
        host: string;
        user: string;
        certificate: string;
        /** The line for known_hosts */
        knownHosts: string;
        /** UTC, ISO 8601 */
        expiresAt: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A ticket for one opening of a lease's screen or of a terminal: a WebSocket at GET /api/leases/{id}/screen with the protocols tandem-screen and ticket.TICKET, or at GET /api/leases/{id}/terminal with tandem-terminal and ticket.TICKET */
  'leases.ticket': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      kind?: 'screen' | 'terminal';
      /** `view`: no keys, pointer or clipboard; of screens alone */
      mode?: 'control' | 'view';
      /** Whom to let look, too, by the id of the member or key; null: the caller. Of screens alone */
      forActor?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': {
        /** Shown once */
        ticket: string;
        /** UTC, ISO 8601 */
        expiresAt: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Machines that run the agent */
  'nodes.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Node'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A line to paste on a machine that makes it a node; it may be used once within 15 minutes */
  'nodes.add': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      pool?: string;
      /** Null: the machine's own name */
      name?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': {
        /** UUIDv7 */
        id: string;
        pool: string;
        name: string | null;
        /** UTC, ISO 8601 */
        expiresAt: string;
        /** Shown once */
        line: string;
        /** The same token alone; shown once */
        token: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One node with what happened to it */
  'nodes.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        node: components['schemas']['Node'];
        events: {
          /** UUIDv7 */
          id: string;
          /** UTC, ISO 8601 */
          at: string;
          kind: string;
          detail: string;
        }[];
        /** Null: it was not ordered here; absent: the caller does not see costs */
        rented?: {
          /** UUIDv7 */
          orderId: string;
          provider: string;
          offer: string;
          /** ISO 4217 code */
          currency: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          perHour: string;
          /** Charged by the provider for the machine so far, by its terms; not its invoice */
          soFar: string;
          /** Charged to the leases that were on this node, those in the same currency; of a lease on several machines an equal part */
          charged: string;
        } | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a node that nothing is on; its identity ends at once */
  'nodes.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Say that the machine is what it says it is; only then may work of other organisations be placed on it */
  'nodes.approve': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Node'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Cordon, drain, maintain or remove a node, or have it serve again */
  'nodes.wish': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      what: 'serve' | 'cordon' | 'drain' | 'maintain' | 'remove';
      reason?: string | null;
      /** After it what still runs is ended by force; null: it may end as promised */
      graceSeconds?: number | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Node'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Let a node out of quarantine after a wipe that was not clean: it is wiped again, and stays cordoned until it is uncordoned */
  'nodes.release': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      reason: string;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Node'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Have the agent look at its machine */
  'nodes.doctor': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        checks: ({
          id: string;
          state: 'pass' | 'warn' | 'fail';
          detail: string;
          next: string | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Pools with what is in them and how much of it is in use */
  'pools.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Pool'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Set the terms of a pool, which may have machines already */
  'pools.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      /** By which price; null: by what the machines are */
      resource?: string | null;
      /** `all`: approved machines of the operator serve other organisations */
      openTo?: 'own' | 'all';
      /** Of a Mac a day is paid at least: by other organisations than its owner, by all, or by nobody */
      leastDay?: 'others' | 'always' | 'never';
      /** Its people are told when nobody has used a lease for so long */
      idleMinutes?: number | null;
      /** Sessions in its new leases are recorded, whether it was asked for or not */
      record?: boolean;
      limits?: {
        cpus?: number | null;
        memoryMb?: number | null;
        processes?: number | null;
        diskMb?: number | null;
      } | null;
      /** `none`: its leases reach themselves alone */
      network?: 'internet' | 'none';
      /** Ranges that leases may reach although they are private or this server's, such as 10.1.0.0/16 */
      networkAllow?: string[];
      /** Whom leases ask for names; empty: whom their machine asks */
      resolvers?: string[];
      /** IPv4 range in which its machines reach each other by UDP port 4609: those of one job talk directly over it. What they say is not encrypted: whoever sits on that network can read and change it. Null: through the server */
      ranksNetwork?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Pool'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change the terms of a pool; leases that run keep theirs */
  'pools.update': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** By which price; null: by what the machines are */
      resource?: string | null;
      /** `all`: approved machines of the operator serve other organisations */
      openTo?: 'own' | 'all';
      /** Of a Mac a day is paid at least: by other organisations than its owner, by all, or by nobody */
      leastDay?: 'others' | 'always' | 'never';
      /** Its people are told when nobody has used a lease for so long */
      idleMinutes?: number | null;
      /** Sessions in its new leases are recorded, whether it was asked for or not */
      record?: boolean;
      limits?: {
        cpus?: number | null;
        memoryMb?: number | null;
        processes?: number | null;
        diskMb?: number | null;
      } | null;
      /** `none`: its leases reach themselves alone */
      network?: 'internet' | 'none';
      /** Ranges that leases may reach although they are private or this server's, such as 10.1.0.0/16 */
      networkAllow?: string[];
      /** Whom leases ask for names; empty: whom their machine asks */
      resolvers?: string[];
      /** IPv4 range in which its machines reach each other by UDP port 4609: those of one job talk directly over it. What they say is not encrypted: whoever sits on that network can read and change it. Null: through the server */
      ranksNetwork?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Pool'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Take the terms of a pool away; refused while nodes, leases or orders are in it */
  'pools.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What a lease would cost, and whether it would wait; nothing is kept */
  'leases.quote': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name?: string;
      /** Null: the caller's own */
      projectId?: string | null;
      kind: 'gpu' | 'mac' | 'node';
      /** GPUs or slices on each machine; null: all of it. Of GPUs alone */
      gpus?: number | null;
      /** Such as h100-80gb; null: any */
      gpu?: string | null;
      /** Of each GPU or slice, at least */
      memoryGb?: number | null;
      /** A hardware slice instead of a GPU, by its profile such as 1g.10gb; any: the cheapest with the memory that is asked for */
      slice?: string | null;
      /** Such as m4; null: any */
      macClass?: string | null;
      xcode?: string | null;
      /** Null: the cheapest that fits */
      pool?: string | null;
      labels?: {
        [key: string]: string;
      };
      /** Together: all or none */
      machines?: number;
      /** Leases of one project with the same word share no machine */
      apart?: string | null;
      fit?: 'pack' | 'spread';
      /** `root`: raw root, only where something outside the machine can reinstall it */
      access?: 'api' | 'job' | 'shell' | 'root';
      /** Null: until it is ended */
      minutes?: number | null;
      /** Null: as soon as possible */
      startsAt?: string | null;
      /** Record its sessions; they are told. A pool may want it of all its leases */
      record?: boolean;
      /** It ends before it would cost more */
      atMost?: string | null;
      /** The name of a volume of the project that its home is; it is placed where that lies */
      volume?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': {
        pool: string;
        resource: string;
        count: number;
        /** ISO 4217 code */
        currency: string;
        leastDay: boolean;
        minutes: number | null;
        /** For the minutes; for an hour where there is no end */
        cost: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        perHour: string;
        /** Integer picodollars (10^-12 of the currency unit), as a string */
        perDay: string;
        /** Null: it begins at once */
        wait: {
          code: string;
          reason: string;
          forecastAt: string | null;
        } | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Lease GPUs, slices, machines or Macs; asked twice by the same key it is asked once */
  'leases.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** The caller's own word for this wish */
      key: string;
      name?: string;
      /** Null: the caller's own */
      projectId?: string | null;
      kind: 'gpu' | 'mac' | 'node';
      /** GPUs or slices on each machine; null: all of it. Of GPUs alone */
      gpus?: number | null;
      /** Such as h100-80gb; null: any */
      gpu?: string | null;
      /** Of each GPU or slice, at least */
      memoryGb?: number | null;
      /** A hardware slice instead of a GPU, by its profile such as 1g.10gb; any: the cheapest with the memory that is asked for */
      slice?: string | null;
      /** Such as m4; null: any */
      macClass?: string | null;
      xcode?: string | null;
      /** Null: the cheapest that fits */
      pool?: string | null;
      labels?: {
        [key: string]: string;
      };
      /** Together: all or none */
      machines?: number;
      /** Leases of one project with the same word share no machine */
      apart?: string | null;
      fit?: 'pack' | 'spread';
      /** `root`: raw root, only where something outside the machine can reinstall it */
      access?: 'api' | 'job' | 'shell' | 'root';
      /** Null: until it is ended */
      minutes?: number | null;
      /** Null: as soon as possible */
      startsAt?: string | null;
      /** Record its sessions; they are told. A pool may want it of all its leases */
      record?: boolean;
      /** It ends before it would cost more */
      atMost?: string | null;
      /** The name of a volume of the project that its home is; it is placed where that lies */
      volume?: string | null;
      /** What a quote of it cost: where it would cost more by now, nothing is leased */
      agreed?: string | null;
      job?: {
        /** A program and its words; no shell reads them */
        command: string[];
        /** Kept sealed, and never shown again */
        env?: {
          [key: string]: string;
        };
        /** The lease stays when its job has ended */
        keepOpen?: boolean;
      } | null;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Lease'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Leases, newest first */
  'leases.list': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
        state?: 'live' | 'ended';
        /** UUIDv7 */
        projectId?: string;
        /** Its name, the name as it stands in host names (gpu-lease for "gpu lease"), or the first 6 or more characters of its id */
        called?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Lease'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One lease with what happened to it */
  'leases.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        lease: components['schemas']['Lease'];
        events: {
          /** UTC, ISO 8601 */
          at: string;
          kind: string;
          detail: string;
        }[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What a lease's job printed, from a byte on or the end of it; the last 64 KiB outlive the lease */
  'leases.logs': {
    parameters: {
      query?: {
        /** The `next` of the part before */
        from?: number;
        /** Instead: the last so many bytes */
        last?: number;
        /** Of a job over several machines; default: 0 */
        rank?: number;
      };
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** `cut`: the lease ended first; `lost`: its sandbox or machine went down, and it is not run again; `failed`: it could not begin */
        state: 'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed';
        /** 128 and the signal's number where a signal ended it */
        exitCode: number | null;
        reason: string | null;
        startedAt: string | null;
        endedAt: string | null;
        keepOpen: boolean;
        /** Of several machines the first whose end ended the others; the exit code is its */
        failedRank: number | null;
        /** How its machines reach each other: `direct` over their pool's network, all ports, TCP and UDP, not encrypted; `server`: by TCP through the server. Null: one machine, or not decided yet */
        way: 'direct' | 'server' | null;
        /** Why not directly */
        wayReason: string | null;
        /** Of a job over several machines each, from when they are there; empty: it has one */
        ranks: ({
          rank: number;
          /** UUIDv7 */
          machineId: string;
          /** `cut`: the lease ended first; `lost`: its sandbox or machine went down, and it is not run again; `failed`: it could not begin */
          state: 'waiting' | 'running' | 'ended' | 'cut' | 'lost' | 'failed';
          /** 128 and the signal's number where a signal ended it */
          exitCode: number | null;
          reason: string | null;
          startedAt: string | null;
          endedAt: string | null;
        })[];
        /** Whose output it is; null: the job has one machine */
        rank: number | null;
        from: number;
        /** Where to go on */
        next: number;
        /** Bytes that it has printed in all */
        total: number;
        /** What came before this byte is not kept */
        first: number;
        /** Control characters are shown as a dot */
        text: string;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Have a lease last longer */
  'leases.extend': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      minutes: number;
      /** Null: as before */
      atMost?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Lease'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Give a lease to another project, which pays from the next minute on */
  'leases.hand-over': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** UUIDv7 */
      projectId: string;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Lease'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** End a lease: its sessions are cut within seconds and its machines wiped */
  'leases.end': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Lease'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Accounts at which machines can be ordered: the operator's, for the operator */
  'providers.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Provider'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Ask an account what it offers */
  'providers.check': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** As the operator's file names the account */
        name: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** As the operator's file names the account */
        name: string;
        kind: 'scaleway' | 'ec2-mac' | 'static' | 'lambda';
        reinstalls: boolean;
        offers: ({
          name: string;
          machine: 'mac' | 'gpu';
          about: string;
          /** Null: the provider does not say */
          gpus: number | null;
          /** Null: not known, so nothing is ordered at it */
          perHour: {
            /** Integer picodollars (10^-12 of the currency unit), as a string */
            amount: string;
            /** ISO 4217 code */
            currency: string;
          } | null;
          /** Charged at least */
          minimumHours: number;
          /** Null: the provider does not say */
          available: boolean | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Machines that an account is billed for and that no order knows */
  'orphans.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Orphan'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Whole machines that are ordered at providers, newest first */
  'orders.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Order'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Order a machine; asked twice by the same key it is ordered once */
  'orders.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** As the operator's file names the account */
      provider: string;
      offer: string;
      /** The most that it may cost at the provider in all, in picodollars of the offer's currency */
      ceiling: string;
      /** The caller's own word for it: the same word again is the same order */
      key: string;
      neededUntil?: string | null;
      /** Its machine becomes a node of this pool by itself; null: a person enters it */
      pool?: string | null;
      /** Of the node; null: the machine's own name */
      name?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Order'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Order several machines under one ceiling; asked twice by the same key they are ordered once */
  'orders.several': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** As the operator's file names the account */
      provider: string;
      offer: string;
      count: number;
      /** The most that all of them may cost at the provider together */
      ceiling: string;
      /** The caller's own word for it */
      key: string;
      neededUntil?: string | null;
      /** Its machine becomes a node of this pool by itself; null: a person enters it */
      pool?: string | null;
      /** Of the node; null: the machine's own name */
      name?: string | null;
      /** All are given back unless all came by then; null: as many as come are kept */
      allWithinMinutes?: number | null;
    } } };
    responses: {
      201: { content: { 'application/json': {
        items: components['schemas']['Order'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Which machines would have so many GPUs together, and at what price; nothing is ordered */
  'orders.plan': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      gpus: number;
      /** A word of the offer, such as h100; null: any */
      gpu?: string | null;
      provider?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': {
        provider: string;
        offer: string;
        about: string;
        machines: number;
        gpus: number;
        available: boolean | null;
        /** ISO 4217 code */
        currency: string;
        /** Of all together */
        perHour: string;
        /** Charged for all together, however early they are given back */
        atLeast: string;
        /** Accounts that did not answer */
        failed: string[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Take a machine that is billed and unknown here into an order */
  'orders.adopt': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** As the operator's file names the account */
      provider: string;
      machineId: string;
      /** The most that it may cost at the provider in all, in picodollars of the offer's currency */
      ceiling: string;
      /** The caller's own word for it: the same word again is the same order */
      key: string;
      neededUntil?: string | null;
      /** Its machine becomes a node of this pool by itself; null: a person enters it */
      pool?: string | null;
      /** Of the node; null: the machine's own name */
      name?: string | null;
    } } };
    responses: {
      201: { content: { 'application/json': components['schemas']['Order'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One order */
  'orders.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Order'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Give a machine back when what is paid for is used, or not before it is needed no longer */
  'orders.release': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      neededUntil?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Order'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Delete all that is on a machine */
  'orders.reinstall': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': components['schemas']['Order'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** How to enter a delivered machine for the first time; kept nowhere */
  'orders.enter': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        host: string;
        port: number;
        user: string;
        /** Null: by the key that is known there */
        password: string | null;
        /** Null: the provider reports none, so the first connection proves nothing */
        hostKey: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Certificates of the wipe after a lease, and of the one that its machine had before it */
  'leases.wipes': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: ({
          /** UUIDv7 */
          id: string;
          machineId: string;
          /** False: the machine is quarantined */
          clean: boolean;
          /** Who wiped: the machine's agent, its provider, or an MDM server */
          by: 'agent' | 'provider' | 'mdm';
          /** `reset`: processes ended and files removed, nothing overwritten */
          method: 'reset' | 'repartition' | 'overwrite' | 'reinstall' | 'erase';
          /** What was looked for and not found, or was found; said by who wiped */
          evidence: string[];
          /** What was not looked at */
          unchecked: string[];
          /** Planted when the lease began, and looked for afterwards */
          canaries: {
            planted: string[];
            found: string[];
          };
          versions: {
            [key: string]: string;
          };
          /** UTC, ISO 8601 */
          beganAt: string;
          /** UTC, ISO 8601 */
          endedAt: string;
          keyId: string;
          /** The same, signed: a JWS in compact form with Ed25519. Lease and machine stand in it as hashes: SHA-256 of `tandem lease ID` and `tandem machine ID` */
          certificate: string;
          /** `this`: after this lease. `before`: what its machine had before this lease began; whose it was is told to nobody */
          of: 'this' | 'before';
        })[];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Wipes of a machine after leases, newest first */
  'nodes.wipes': {
    parameters: {
      query?: {
        limit?: number;
        /** The nextCursor of the page before */
        cursor?: string;
      };
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: ({
          /** UUIDv7 */
          id: string;
          machineId: string;
          /** False: the machine is quarantined */
          clean: boolean;
          /** Who wiped: the machine's agent, its provider, or an MDM server */
          by: 'agent' | 'provider' | 'mdm';
          /** `reset`: processes ended and files removed, nothing overwritten */
          method: 'reset' | 'repartition' | 'overwrite' | 'reinstall' | 'erase';
          /** What was looked for and not found, or was found; said by who wiped */
          evidence: string[];
          /** What was not looked at */
          unchecked: string[];
          /** Planted when the lease began, and looked for afterwards */
          canaries: {
            planted: string[];
            found: string[];
          };
          versions: {
            [key: string]: string;
          };
          /** UTC, ISO 8601 */
          beganAt: string;
          /** UTC, ISO 8601 */
          endedAt: string;
          keyId: string;
          /** The same, signed: a JWS in compact form with Ed25519. Lease and machine stand in it as hashes: SHA-256 of `tandem lease ID` and `tandem machine ID` */
          certificate: string;
        })[];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Public keys of all certificates of wipes, as JSON Web Keys: for everybody, so that whoever holds a certificate can check it */
  'wipe-keys.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        keys: ({
          kty: "OKP";
          crv: "Ed25519";
          /** Thumbprint (RFC 7638) */
          kid: string;
          x: string;
          /** UTC, ISO 8601 */
          createdAt: string;
          /** It signs no more; what it signed stays good */
          retiredAt: string | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Minutes in which machines waited for a person, and steps done by hand: what managing machines costs besides the machines */
  'operator.minutes': {
    parameters: {
      query?: {
        month?: string;
      };
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        month: string;
        /** The mean number of nodes in the month so far */
        nodes: number;
        /** In which a machine waited for a person, nights included */
        minutes: number;
        /** Done by hand */
        steps: number;
        /** Null: there was no node */
        minutesPerNode: number | null;
        /** Of the resource operator/minutes; null: the operator has set nothing */
        price: {
          /** ISO 4217 code */
          currency: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          minute: string;
          /** Integer picodollars (10^-12 of the currency unit), as a string */
          step: string;
        } | null;
        cost: string | null;
        kinds: ({
          kind: 'approval' | 'quarantined' | 'sick' | 'order' | 'setup' | 'step';
          count: number;
          minutes: number;
        })[];
        /** From a line that was made by hand to a node that could be leased */
        setup: {
          count: number;
          meanSeconds: number;
          longestSeconds: number;
        } | null;
        /** What waits for somebody now, the longest in front */
        waiting: ({
          kind: 'approval' | 'quarantined' | 'sick' | 'order' | 'setup' | 'step';
          /** The id of the node or order */
          subject: string;
          name: string;
          detail: string;
          /** UTC, ISO 8601 */
          since: string;
          minutes: number;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Quotas of machines, GPUs, leases and what providers bill in a month */
  'quotas.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Quota'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Set the quota of the organisation or a project, in the place of what was set before; the operator may set one for any organisation */
  'quotas.set': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      scope: {
        kind: 'organisation' | 'project';
        /** UUIDv7 */
        id: string;
      };
      nodes?: number | null;
      gpus?: number | null;
      leases?: number | null;
      /** Picodollars of the organisation's currency, in a calendar month */
      spend?: string | null;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Quota'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a quota */
  'quotas.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What would be gone with a lease: files of its home and what runs in it, on each of its machines */
  'leases.contents': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: ({
          machineId: string;
          files: number;
          bytes: number;
          /** False: there is more than was counted */
          whole: boolean;
          processes: {
            name: string;
            count: number;
          }[];
          /** The volume that the home becomes; null: it is gone with the lease */
          kept: string | null;
        })[];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Keep a lease's home as a volume, however the lease ends */
  'leases.keep': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      name: string;
      days?: number;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Volume'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Let a lease's home go with the lease after all */
  'leases.let-go': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Homes of leases that are kept */
  'volumes.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Volume'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Keep a volume for so many days from now on */
  'volumes.extend': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      days: number;
    } } };
    responses: {
      200: { content: { 'application/json': components['schemas']['Volume'] } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Delete a volume that no lease has */
  'volumes.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Models that are served from the fleet */
  'servings.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Serving'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Serve a model from leased machines by a name */
  'servings.create': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      /** A model name as callers write it, such as tandem/local */
      name: string;
      /** Pays for the leases; null: the caller's own */
      projectId?: string | null;
      /** A path on the machine, a name at a hub, or tandem/local */
      model: string;
      /** `embedded`: the local engine, which goes to the machine from here; the others have to be installed there */
      engine: 'vllm' | 'llama-cpp' | 'embedded';
      /** What each replica leases, until it is let go */
      lease?: {
        kind?: 'gpu' | 'node';
        /** GPUs or slices of each replica; null: all of the machine */
        gpus?: number | null;
        /** Such as h100-80gb; null: any */
        gpu?: string | null;
        memoryGb?: number | null;
        slice?: string | null;
        pool?: string | null;
        labels?: {
          [key: string]: string;
        };
      };
      min?: number;
      max?: number;
      /** Without a call for so long it goes down to min; null: never */
      idleMinutes?: number | null;
      /** A call while no replica answers waits for one to start, or is answered 503 with a time to come back at */
      cold?: 'wait' | 'refuse';
      /** A replica's lease ends before it costs more */
      atMost?: string | null;
      /** Prompt and answer together; null: the model's own */
      contextTokens?: number | null;
      maxOutputTokens?: number;
      /** Answers at a time; null: the engine's own */
      parallel?: number | null;
      /** Further words for the engine's command line */
      args?: string[];
      /** Above it there is to be one more replica; null: by the queue alone */
      targetFirstTokenMs?: number | null;
    } } };
    responses: {
      201: { content: { 'application/json': {
        serving: components['schemas']['Serving'];
        /** The newest first, also some that have ended */
        replicas: ({
          /** UUIDv7 */
          id: string;
          number: number;
          state: 'asked' | 'leasing' | 'preparing' | 'loading' | 'ready' | 'draining' | 'ending' | 'ended';
          wanted: 'run' | 'drain' | 'end';
          reason: string | null;
          leaseId: string | null;
          nodeId: string | null;
          figures: {
            running: number | null;
            waiting: number | null;
            ended: number | null;
            /** 0 to 1 */
            cacheUse: number | null;
            firstTokenSeconds: number | null;
            firstTokens: number | null;
          } | null;
          /** UTC, ISO 8601 */
          askedAt: string;
          leasedAt: string | null;
          readyAt: string | null;
          endedAt: string | null;
          /** From being asked for to its lease, and from there until the model answered */
          coldStart: {
            leaseMs: number;
            loadMs: number;
            totalMs: number;
          } | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** One served model with its replicas and what its tokens cost */
  'servings.show': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        serving: components['schemas']['Serving'];
        /** The newest first, also some that have ended */
        replicas: ({
          /** UUIDv7 */
          id: string;
          number: number;
          state: 'asked' | 'leasing' | 'preparing' | 'loading' | 'ready' | 'draining' | 'ending' | 'ended';
          wanted: 'run' | 'drain' | 'end';
          reason: string | null;
          leaseId: string | null;
          nodeId: string | null;
          figures: {
            running: number | null;
            waiting: number | null;
            ended: number | null;
            /** 0 to 1 */
            cacheUse: number | null;
            firstTokenSeconds: number | null;
            firstTokens: number | null;
          } | null;
          /** UTC, ISO 8601 */
          askedAt: string;
          leasedAt: string | null;
          readyAt: string | null;
          endedAt: string | null;
          /** From being asked for to its lease, and from there until the model answered */
          coldStart: {
            leaseMs: number;
            loadMs: number;
            totalMs: number;
          } | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Change between how many replicas it goes; what is left out stays */
  'servings.scale': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody: { content: { 'application/json': {
      min?: number;
      max?: number;
      /** Without a call for so long it goes down to min; null: never */
      idleMinutes?: number | null;
      /** A call while no replica answers waits for one to start, or is answered 503 with a time to come back at */
      cold?: 'wait' | 'refuse';
    } } };
    responses: {
      200: { content: { 'application/json': {
        serving: components['schemas']['Serving'];
        /** The newest first, also some that have ended */
        replicas: ({
          /** UUIDv7 */
          id: string;
          number: number;
          state: 'asked' | 'leasing' | 'preparing' | 'loading' | 'ready' | 'draining' | 'ending' | 'ended';
          wanted: 'run' | 'drain' | 'end';
          reason: string | null;
          leaseId: string | null;
          nodeId: string | null;
          figures: {
            running: number | null;
            waiting: number | null;
            ended: number | null;
            /** 0 to 1 */
            cacheUse: number | null;
            firstTokenSeconds: number | null;
            firstTokens: number | null;
          } | null;
          /** UTC, ISO 8601 */
          askedAt: string;
          leasedAt: string | null;
          readyAt: string | null;
          endedAt: string | null;
          /** From being asked for to its lease, and from there until the model answered */
          coldStart: {
            leaseMs: number;
            loadMs: number;
            totalMs: number;
          } | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What the program of a replica printed last: of one that runs, or of one that never became ready */
  'servings.output': {
    parameters: {
      query?: {
        /** Its number; default: the newest that has printed anything */
        replica?: number;
      };
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        replica: number | null;
        running: boolean;
        /** At most 16 KiB; null: it is not known any more, or there was none */
        text: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Stop serving: running answers end, then the leases */
  'servings.stop': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        serving: components['schemas']['Serving'];
        /** The newest first, also some that have ended */
        replicas: ({
          /** UUIDv7 */
          id: string;
          number: number;
          state: 'asked' | 'leasing' | 'preparing' | 'loading' | 'ready' | 'draining' | 'ending' | 'ended';
          wanted: 'run' | 'drain' | 'end';
          reason: string | null;
          leaseId: string | null;
          nodeId: string | null;
          figures: {
            running: number | null;
            waiting: number | null;
            ended: number | null;
            /** 0 to 1 */
            cacheUse: number | null;
            firstTokenSeconds: number | null;
            firstTokens: number | null;
          } | null;
          /** UTC, ISO 8601 */
          askedAt: string;
          leasedAt: string | null;
          readyAt: string | null;
          endedAt: string | null;
          /** From being asked for to its lease, and from there until the model answered */
          coldStart: {
            leaseMs: number;
            loadMs: number;
            totalMs: number;
          } | null;
        })[];
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** What was recorded of a lease's sessions, newest first */
  'recordings.list': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        items: components['schemas']['Recording'][];
        nextCursor: string | null;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** A recording as an asciicast of version 2; that it was read is kept in the trail */
  'recordings.watch': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/x-asciicast': string } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Remove a recording before its time */
  'recordings.remove': {
    parameters: {
      query?: never;
      header?: never;
      path: {
        /** UUIDv7 */
        id: string;
      };
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      204: { content?: never };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** The roots by which machines and this server know each other */
  'agent-roots.list': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** The newest first. Machines and server believe all of them */
        roots: {
          /** SHA-256 of the certificate, in hexadecimal */
          fingerprint: string;
          /** UTC, ISO 8601 */
          createdAt: string;
          /** UTC, ISO 8601 */
          expiresAt: string;
          /** Certificates of machines are signed by it */
          signs: boolean;
        }[];
        /** Machines whose certificate is by an older root and still valid: none may be retired before that is 0 */
        waiting: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Make a new root beside the one that is there; machines are told of both, and get their next certificate from it */
  'agent-roots.replace': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      201: { content: { 'application/json': {
        /** The newest first. Machines and server believe all of them */
        roots: {
          /** SHA-256 of the certificate, in hexadecimal */
          fingerprint: string;
          /** UTC, ISO 8601 */
          createdAt: string;
          /** UTC, ISO 8601 */
          expiresAt: string;
          /** Certificates of machines are signed by it */
          signs: boolean;
        }[];
        /** Machines whose certificate is by an older root and still valid: none may be retired before that is 0 */
        waiting: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
  /** Believe only the newest root from now on */
  'agent-roots.retire': {
    parameters: {
      query?: never;
      header?: never;
      path?: never;
      cookie?: never;
    };
    requestBody?: never;
    responses: {
      200: { content: { 'application/json': {
        /** The newest first. Machines and server believe all of them */
        roots: {
          /** SHA-256 of the certificate, in hexadecimal */
          fingerprint: string;
          /** UTC, ISO 8601 */
          createdAt: string;
          /** UTC, ISO 8601 */
          expiresAt: string;
          /** Certificates of machines are signed by it */
          signs: boolean;
        }[];
        /** Machines whose certificate is by an older root and still valid: none may be retired before that is 0 */
        waiting: number;
      } } };
      default: { content: { 'application/json': components['schemas']['Error'] } };
    };
  };
}
