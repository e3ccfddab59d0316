// One WebSocket of JSON that connects again and again while it is wanted.

const PING_MS = 15_000;
const SHORTEST_MS = 500;
export const LONGEST_MS = 30_000; // between two attempts

/** Milliseconds before attempt number `attempt + 1`; at random, so that not all clients of a server come back at once. */
export const backoff = (attempt) => Math.min(LONGEST_MS, SHORTEST_MS * 2 ** attempt) * (0.5 + Math.random() / 2);

/** `on` has `open()`, `message(content)` and `lost()`. A connection that is silent for as long as two pings take counts as lost. */
export class Socket {
  #url;
  #on;
  #ping;
  #socket = null;
  #retry = null;
  #pings = null;
  #attempt = 0;
  #silent = false;

  constructor(url, on, ping = { type: "ping" }) {
    this.#url = url.replace(/^http/, "ws");
    this.#on = on;
    this.#ping = ping;
    globalThis.addEventListener?.("online", () => this.#retry && this.open());
  }

  get isOpen() {
    return this.#socket?.readyState === WebSocket.OPEN;
  }

  open() {
    clearTimeout(this.#retry);
    this.#retry = null;
    if (this.#socket) return;
    const socket = (this.#socket = new WebSocket(this.#url));
    socket.onopen = () => {
      this.#silent = false;
      this.#pings = setInterval(() => this.#check(), PING_MS);
      this.#on.open();
    };
    socket.onmessage = ({ data }) => {
      this.#silent = false;
      this.#attempt = 0;
      this.#on.message(JSON.parse(data));
    };
    socket.onclose = () => this.#lost();
  }

  close() {
    clearTimeout(this.#retry);
    this.#retry = null;
    this.#drop();
  }

  /** Send `message`, or nothing where there is no connection. */
  say(message) {
    if (this.isOpen) this.#socket.send(JSON.stringify(message));
  }

  #check() {
    if (this.#silent) return this.#lost();
    this.#silent = true;
    this.say(this.#ping);
  }

  #lost() {
    this.#drop();
    this.#retry = setTimeout(() => this.open(), backoff(this.#attempt++));
    this.#on.lost();
  }

  #drop() {
    clearInterval(this.#pings);
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
