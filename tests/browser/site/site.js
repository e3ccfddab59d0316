// What a page of another origin does with the API: it fetches, and hands `data` to the chart as it is.

async function fetched(url, options) {
  const answer = await fetch(url, options);
  const text = await answer.text();
  const json = answer.headers.get("content-type") === "application/json";
  return { type: answer.type, status: answer.status, body: json ? JSON.parse(text) : text };
}

function form(fields) {
  const body = new FormData();
  for (const [name, value] of Object.entries(fields)) body.append(name, value);
  return { method: "POST", body };
}

let chart;

// Draws `data` as a series of that kind ("Candlestick") on a new chart, and tells what the chart then holds, and where the last bar is.
async function drawn(kind, data) {
  chart?.remove();
  const container = document.getElementById("chart");
  chart = LightweightCharts.createChart(container, { timeScale: { timeVisible: true, secondsVisible: true } });
  const series = chart.addSeries(LightweightCharts[`${kind}Series`]);
  series.setData(data);
  await new Promise(requestAnimationFrame);
  const held = series.data();
  const last = held.at(-1);
  const place = last && [chart.timeScale().timeToCoordinate(last.time), series.priceToCoordinate(last.close ?? last.value)];
  const size = [container.clientWidth, container.clientHeight];
  return { held, place, size };
}
