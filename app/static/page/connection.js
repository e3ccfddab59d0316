// Says whether what is shown is live.

const WORDS = { connecting: "Connecting", live: "Live", lost: "Reconnecting", polled: "Every 5 s" };
const PATIENCE_MS = 1_500; // a connection that comes back at once is no news
const ATTEMPTS = 3; // that fail before it is said that there is no stream to be had, and that all is polled

export class Connection {
  #place = document.getElementById("connection");
  #timer = null;
  #attempts = 0;

  show(state) {
    clearTimeout(this.#timer);
    if (state === "lost" && this.#place.dataset.state === "live") this.#timer = setTimeout(() => this.#say(state), PATIENCE_MS);
    else this.#say(state);
  }

  #say(state) {
    if (state === "lost" && this.#place.dataset.state !== "live" && this.#place.dataset.state !== "lost") {
      state = ++this.#attempts < ATTEMPTS ? "connecting" : "polled"; // it never was live
    }
    this.#place.dataset.state = state;
    document.body.dataset.connection = state;
    this.#place.lastElementChild.textContent = WORDS[state];
    this.#place.title = state === "lost" ? "The connection was lost; what is shown may be old" : "";
  }
}
