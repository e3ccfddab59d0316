// The chart alone, for frames of other sites: /embed?symbol=GOLD&interval=1h&theme=light.

import { asked } from "./address.js";
import { Connection } from "./connection.js";
import { Headline } from "./headline.js";
import { Stage } from "./stage.js";
import { Stream, isSwitchedOn } from "./stream.js";

const connection = new Connection();
connection.show(isSwitchedOn ? "connecting" : "polled");
const stream = new Stream((isLive) => connection.show(isLive ? "live" : "lost"));
const headline = new Headline();
const stage = new Stage(stream, (price) => headline.tell(price));
const { symbol, interval } = asked();
const title = document.querySelector("#market-name a");

if (symbol) {
  title.textContent = `${symbol} · ${interval}`;
  title.href = `/?${new URLSearchParams({ symbol, interval })}`;
  headline.begin(symbol);
  stage.show(symbol, interval);
} else {
  title.textContent = "No market";
  stage.empty("The address names no market: it ends in ?symbol=GOLD, for example.");
}
