/** What a hook is asked for a try: a call that nobody made, marked as such. */
export function sampleOf(stage: 'request' | 'reply', id: string, projectId: string | null): object {
  const common = { id, stage, test: true, project: projectId, model: 'tandem/test', dialect: 'chat' };
  if (stage === 'request') return { ...common, body: { model: 'tandem/test', messages: [{ role: 'user', content: 'This is a try.' }] } };
  return {
    ...common, streamed: false,
    reply: { id: `chatcmpl-${id}`, object: 'chat.completion', model: 'tandem/test', choices: [{ index: 0, message: { role: 'assistant', content: 'It is one.' }, finish_reason: 'stop' }] },
  };
}
