// Keeps the page at /status as it is on the server: every ten seconds, while somebody looks and wants it.

const EVERY = 10_000;

const connection = document.getElementById("connection");
const wanted = document.getElementById("refresh");

function say(state, text) {
  if (connection.dataset.state === state) return;
  connection.dataset.state = state;
  connection.lastElementChild.textContent = text;
}

async function refresh() {
  if (document.hidden || !wanted.checked) return;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store" });
    if (!answer.ok) throw new Error(answer.status);
    const newest = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (!wanted.checked) return;
    document.querySelector("main").replaceWith(newest.querySelector("main"));
    document.title = newest.title;
    say("live", "Live");
  } catch {
    say("lost", "No answer");
  }
}

for (const control of document.querySelectorAll("header [hidden]")) control.hidden = false; // without this script they do nothing
say("live", "Live");
setInterval(refresh, EVERY);
document.addEventListener("visibilitychange", refresh);
wanted.addEventListener("change", () => (wanted.checked ? refresh() : say("paused", "Paused")));
document.getElementById("theme").addEventListener("click", switchTheme);
