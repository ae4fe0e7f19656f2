"""LangChain's chat models for OpenAI and Anthropic, unmodified, against Tandem. Prints what it got as JSON on its last line."""
import json
import os

from langchain_anthropic import ChatAnthropic
from langchain_core.messages import HumanMessage, ToolMessage
from langchain_core.tools import tool
from langchain_openai import ChatOpenAI
from pydantic import BaseModel

url, key, model = os.environ["TANDEM_URL"], os.environ["TANDEM_KEY"], os.environ["MODEL"]


@tool
def weather(city: str) -> str:
    """The weather of a city."""
    return f"20 degrees in {city}"


class Answer(BaseModel):
    """An answer."""

    value: int


def round_of(chat):
    got = {"whole": chat.invoke("Hello").content, "streamed": "".join(chunk.text if isinstance(chunk.text, str) else chunk.text() for chunk in chat.stream("Hello again"))}
    bound = chat.bind_tools([weather])
    asked = [HumanMessage("The weather in both cities?")]
    first = bound.invoke(asked)
    got["calls"] = [(call["name"], call["args"]) for call in first.tool_calls]
    asked += [first] + [ToolMessage(weather.invoke(call["args"]), tool_call_id=call["id"]) for call in first.tool_calls]
    got["after_tools"] = bound.invoke(asked).text if isinstance(bound.invoke(asked).text, str) else bound.invoke(asked).text()
    got["tokens"] = first.usage_metadata["total_tokens"]
    return got


chat = ChatOpenAI(model=model, base_url=url + "/v1", api_key=key, max_retries=0, stream_usage=True)
got = {
    "openai": round_of(chat),
    "responses": round_of(ChatOpenAI(model=model, base_url=url + "/v1", api_key=key, max_retries=0, use_responses_api=True)) ,
    "anthropic": round_of(ChatAnthropic(model=model, base_url=url, api_key=key, max_retries=0, max_tokens=200)),
    "schema": chat.with_structured_output(Answer, method="json_schema").invoke("A number").value,
}
print(json.dumps(got))
