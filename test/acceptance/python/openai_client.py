"""The openai package, unmodified, against Tandem. Prints what it got as JSON on its last line."""
import json
import os

import openai

client = openai.OpenAI(base_url=os.environ["TANDEM_URL"] + "/v1", api_key=os.environ["TANDEM_KEY"], max_retries=0)
model = os.environ["MODEL"]
weather = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}}
pixel = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
got = {}

# Chat completions: whole, streamed, tools and back, schema, images, log probabilities.
reply = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello"}])
got["chat"] = reply.choices[0].message.content
got["cached"] = reply.usage.prompt_tokens_details.cached_tokens

stream = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hello again"}], stream=True, stream_options={"include_usage": True})
text, usage = "", None
for chunk in stream:
    usage = chunk.usage or usage
    if chunk.choices:
        text += chunk.choices[0].delta.content or ""
got["streamed"] = text
got["streamed_tokens"] = usage.completion_tokens

messages = [{"role": "user", "content": "The weather in both cities?"}]
first = client.chat.completions.create(model=model, messages=messages, tools=[weather])
calls = first.choices[0].message.tool_calls
got["calls"] = [(call.function.name, json.loads(call.function.arguments)) for call in calls]
messages.append(first.choices[0].message)
messages += [{"role": "tool", "tool_call_id": call.id, "content": "20 degrees"} for call in calls]
got["after_tools"] = client.chat.completions.create(model=model, messages=messages, tools=[weather]).choices[0].message.content

with client.chat.completions.stream(model=model, messages=[{"role": "user", "content": "The weather in Paris?"}], tools=[weather]) as events:
    final = events.get_final_completion()
got["streamed_call"] = json.loads(final.choices[0].message.tool_calls[0].function.arguments)

schema = {"type": "json_schema", "json_schema": {"name": "answer", "schema": {"type": "object", "properties": {"value": {"type": "integer"}}, "required": ["value"], "additionalProperties": False}, "strict": True}}
got["schema"] = json.loads(client.chat.completions.create(model=model, messages=[{"role": "user", "content": "A number"}], response_format=schema).choices[0].message.content)
got["image"] = client.chat.completions.create(model=model, messages=[{"role": "user", "content": [{"type": "text", "text": "What?"}, {"type": "image_url", "image_url": {"url": pixel}}]}]).choices[0].message.content
got["logprob"] = client.chat.completions.create(model=model, messages=[{"role": "user", "content": "Hi"}], logprobs=True).choices[0].logprobs.content[0].logprob

# Responses: whole, streamed in order, the conversation kept by the server, tools.
response = client.responses.create(model=model, input="Hello")
got["response"] = response.output_text
got["response_usage"] = [response.usage.input_tokens, response.usage.input_tokens_details.cached_tokens]
with client.responses.stream(model=model, input="Hello again") as events:
    numbers = [event.sequence_number for event in events]
    got["response_streamed"] = events.get_final_response().output_text
got["response_in_order"] = numbers == list(range(len(numbers)))
tool = {"type": "function", "name": "weather", "parameters": weather["function"]["parameters"], "strict": False}
called = client.responses.create(model=model, input="The weather in Paris?", tools=[tool])
call = [item for item in called.output if item.type == "function_call"][0]
follow = client.responses.create(model=model, previous_response_id=called.id, tools=[tool], input=[{"type": "function_call_output", "call_id": call.call_id, "output": "21 degrees"}])
got["response_after_tool"] = follow.output_text
got["response_read_again"] = client.responses.retrieve(follow.id).output_text
got["response_items"] = len(client.responses.input_items.list(called.id).data)
client.responses.delete(called.id)
try:
    client.responses.retrieve(called.id)
except openai.NotFoundError as error:
    got["response_deleted"] = error.status_code

# Embeddings, models, errors.
got["embedding"] = client.embeddings.create(model=os.environ["EMBED_MODEL"], input=["four", "words"], encoding_format="float").data[1].embedding
got["models"] = sorted(one.id for one in client.models.list())
try:
    client.chat.completions.create(model="no/such", messages=[{"role": "user", "content": "x"}])
except openai.NotFoundError as error:
    got["unknown"] = error.code
try:
    openai.OpenAI(base_url=client.base_url, api_key="tdm_wrong", max_retries=0).models.list()
except openai.AuthenticationError as error:
    got["wrong_key"] = error.status_code

print(json.dumps(got))
