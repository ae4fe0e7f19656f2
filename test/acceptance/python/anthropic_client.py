"""The anthropic package, unmodified, against Tandem. Prints what it got as JSON on its last line."""
import json
import os

import anthropic

client = anthropic.Anthropic(base_url=os.environ["TANDEM_URL"], api_key=os.environ["TANDEM_KEY"], max_retries=0)
model = os.environ["MODEL"]
weather = {"name": "weather", "description": "The weather of a city", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}}
pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
got = {}

message = client.messages.create(model=model, max_tokens=100, messages=[{"role": "user", "content": "Hello"}])
got["message"] = message.content[0].text
got["stop_reason"] = message.stop_reason
got["usage"] = [message.usage.input_tokens, message.usage.cache_read_input_tokens]

with client.messages.stream(model=model, max_tokens=100, system="Be kind.", messages=[{"role": "user", "content": "Hello again"}]) as stream:
    got["streamed"] = "".join(stream.text_stream)
    got["streamed_tokens"] = stream.get_final_message().usage.output_tokens

asked = [{"role": "user", "content": "The weather in both cities?"}]
with client.messages.stream(model=model, max_tokens=100, tools=[weather], messages=asked) as stream:
    first = stream.get_final_message()
calls = [block for block in first.content if block.type == "tool_use"]
got["calls"] = [(call.name, call.input) for call in calls]
asked += [
    {"role": "assistant", "content": first.content},
    {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "20 degrees"} for call in calls]},
]
got["after_tools"] = client.messages.create(model=model, max_tokens=100, tools=[weather], messages=asked).content[0].text

got["image"] = client.messages.create(model=model, max_tokens=100, messages=[{"role": "user", "content": [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": pixel}}, {"type": "text", "text": "What?"}]}]).content[0].text
thought = client.messages.create(model=model, max_tokens=2000, thinking={"type": "enabled", "budget_tokens": 1024}, messages=[{"role": "user", "content": "Think"}])
got["thinking"] = [block.type for block in thought.content]
got["count"] = client.messages.count_tokens(model=model, messages=[{"role": "user", "content": "Hello"}]).input_tokens > 0
got["models"] = sorted(one.id for one in client.models.list())

try:
    client.messages.create(model="no/such", max_tokens=5, messages=[{"role": "user", "content": "x"}])
except anthropic.NotFoundError as error:
    got["unknown"] = error.body["error"]["type"]
try:
    client.messages.create(model=model, max_tokens=-1, messages=[{"role": "user", "content": "x"}])
except anthropic.BadRequestError as error:
    got["bad"] = error.body["error"]["type"]

print(json.dumps(got))
