// Says whether what is shown is live, and how far the service is behind the chain where it is far.

import { exactly } from "./format.js";

const WORDS = { connecting: "Connecting", live: "Live", lost: "Reconnecting", polled: "Every 5 s" };
const PATIENCE_MS = 1_500; // a connection that comes back at once is no news
const BEHIND = 20; // blocks that are no news: a batch
const ATTEMPTS = 3; // that fail before it is said that there is no stream to be had, and that all is polled

export class Connection {
  #place = document.getElementById("connection");
  #timer = null;
  #attempts = 0;
  #state = "connecting";
  #behind = 0;

  show(state) {
    clearTimeout(this.#timer);
    if (state === "lost" && this.#state === "live") this.#timer = setTimeout(() => this.#say(state), PATIENCE_MS);
    else this.#say(state);
  }

  behind(blocks) {
    this.#behind = blocks > BEHIND ? blocks : 0;
    this.#write();
  }

  #say(state) {
    if (state === "lost" && this.#state !== "live" && this.#state !== "lost") {
      state = ++this.#attempts < ATTEMPTS ? "connecting" : "polled"; // it never was live
    }
    this.#state = state;
    this.#write();
  }

  #write() {
    const state = this.#state === "live" && this.#behind ? "behind" : this.#state;
    const words = state === "behind" ? `${exactly(this.#behind)} blocks to go` : WORDS[state];
    const hints = { lost: "The connection was lost; what is shown may be old", behind: "The chain's history is being read; no figure is of now yet" };
    this.#place.dataset.state = state;
    document.body.dataset.connection = state;
    if (this.#place.lastElementChild.textContent !== words) this.#place.lastElementChild.textContent = words;
    this.#place.title = hints[state] ?? "";
  }
}
