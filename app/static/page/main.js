// The page of all markets, put together.

import { addressed, asked } from "./address.js";
import { behind, repeatedly } from "./api.js";
import { Connection } from "./connection.js";
import { Facts } from "./facts.js";
import { Headline } from "./headline.js";
import { Intervals } from "./intervals.js";
import { Markets } from "./markets.js";
import { Stage } from "./stage.js";
import { Stream, isSwitchedOn } from "./stream.js";
import { Tape } from "./tape.js";
import { views } from "./views.js";

const LOOK_MS = 5_000;

const [ticker, name] = document.getElementById("market-name").children;
const connection = new Connection();
connection.show(isSwitchedOn ? "connecting" : "polled");
const stream = new Stream((isLive) => connection.show(isLive ? "live" : "lost"));
const headline = new Headline();
const stage = new Stage(stream, (price) => headline.tell(price), document.getElementById("now"));
const tape = new Tape(stream);
const facts = new Facts((figures) => {
  name.textContent = figures.is_active ? figures.name : `${figures.name} · switched off`;
  headline.since(figures.price_24h_ago ?? figures.open_24h);
});
const view = views();
const intervals = new Intervals((interval) => go({ ...shown, interval }));
let shown = asked();

const markets = new Markets(stream, {
  chosen: (symbol) => {
    view("chart");
    go({ ...shown, symbol });
  },
  listed: ([first]) => {
    if (shown.symbol) return;
    if (first) go({ ...shown, symbol: first }, { replace: true });
    else stage.empty("There are no markets yet.");
  },
  address: (symbol) => addressed({ ...shown, symbol }),
});

function go(next, { replace = false } = {}) {
  history[replace ? "replaceState" : "pushState"](null, "", addressed(next));
  show(next);
}

function show(next) {
  const isOther = next.symbol !== shown.symbol || ticker.textContent !== next.symbol;
  shown = next;
  intervals.choose(shown.interval);
  if (!shown.symbol) return;
  markets.choose(shown.symbol);
  if (isOther) {
    ticker.textContent = shown.symbol;
    name.textContent = "";
    headline.begin(shown.symbol);
    tape.show(shown.symbol);
    facts.show(shown.symbol);
  }
  stage.show(shown.symbol, shown.interval);
}

window.addEventListener("popstate", () => show({ ...shown, ...asked(), symbol: asked().symbol ?? shown.symbol }));
document.getElementById("theme").addEventListener("click", () => switchTheme());
document.addEventListener("keydown", (event) => {
  if (event.key !== "/" || event.ctrlKey || event.metaKey || event.target.matches("input, select")) return;
  event.preventDefault();
  view("markets");
  document.getElementById("search").focus();
});
repeatedly(LOOK_MS, async () => connection.behind(await behind()));
show(shown);
