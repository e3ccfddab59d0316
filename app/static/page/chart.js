// Candles and their volume, drawn by Lightweight Charts; whoever scrolls near the oldest bar gets older ones.

import { amount, clock, decimals, percent, direction, price } from "./format.js";

const NEAR = 100; // bars from the oldest one at which older ones are asked for
const AHEAD = 6; // bars of room to the right of the newest
const STEP = 10; // bars of an arrow key
const VOLUME_SHARE = 0.2; // of the height

const coloured = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();

export class Chart {
  #place;
  #legend;
  #chart;
  #candles;
  #volume;
  #times = [];
  #last = null;
  #byTime = new Map();

  /** `on` has `older()` and `scrolled(isAtNow)`. */
  constructor(place, legend, on) {
    const { createChart, CandlestickSeries, HistogramSeries, CrosshairMode } = LightweightCharts;
    this.#place = place;
    this.#legend = legend;
    this.#chart = createChart(place, {
      autoSize: true,
      layout: { attributionLogo: false, fontFamily: getComputedStyle(place).fontFamily }, // the page has the notice itself
      crosshair: { mode: CrosshairMode.Normal },
      timeScale: { timeVisible: true, secondsVisible: true, rightOffset: AHEAD, borderVisible: false, minBarSpacing: 0.5 },
      rightPriceScale: { borderVisible: false, scaleMargins: { top: 0.12, bottom: VOLUME_SHARE + 0.06 } },
      localization: { locale: "en-US" },
    });
    this.#volume = this.#chart.addSeries(HistogramSeries, {
      priceScaleId: "volume",
      priceFormat: { type: "custom", formatter: amount, minMove: 0.01 },
      lastValueVisible: false,
      priceLineVisible: false,
    });
    this.#chart.priceScale("volume").applyOptions({ scaleMargins: { top: 1 - VOLUME_SHARE, bottom: 0 } });
    this.#candles = this.#chart.addSeries(CandlestickSeries, { borderVisible: false, priceLineStyle: LightweightCharts.LineStyle.Dashed });
    this.#chart.timeScale().subscribeVisibleLogicalRangeChange((range) => {
      if (!range) return;
      if (range.from < NEAR && this.#times.length) on.older();
      on.scrolled(range.to >= this.#times.length - 1);
    });
    this.#chart.timeScale().subscribeSizeChange((width) => (legend.style.maxWidth = `${width - 20}px`)); // not over the prices
    this.#chart.subscribeCrosshairMove(({ time }) => this.#describe(this.#byTime.get(time) ?? this.#last));
    place.addEventListener("keydown", (event) => this.#key(event));
    document.addEventListener("themechange", () => this.#paint());
    this.#paint();
  }

  /** Draw these bars, and nothing else. `isNew`: of another market or interval, so that the newest are in view. */
  show(bars, { isNew, label }) {
    this.#times = bars.map(({ time }) => time);
    this.#byTime = new Map(bars.map((bar) => [bar.time, bar]));
    this.#last = bars.at(-1) ?? null;
    const places = decimals(this.#last?.close);
    this.#candles.applyOptions({ priceFormat: { type: "price", precision: places, minMove: 10 ** -places } });
    this.#chart.applyOptions({ localization: { priceFormatter: (value) => price(value, places) } });
    this.#candles.setData(bars);
    this.#volume.setData(bars.map((bar) => this.#column(bar)));
    if (isNew) {
      this.#chart.priceScale("right").applyOptions({ autoScale: true });
      this.#chart.timeScale().resetTimeScale();
      this.toNow();
    }
    this.#place.dataset.bars = bars.length;
    this.#place.setAttribute("aria-label", label);
    this.#describe(this.#last);
  }

  /** The last bar has become this one, or this one comes after it. */
  update(bar) {
    if (bar.time !== this.#last?.time) {
      this.#times.push(bar.time);
      this.#place.dataset.bars = this.#times.length;
    }
    this.#byTime.set(bar.time, bar);
    this.#last = bar;
    this.#candles.update(bar);
    this.#volume.update(this.#column(bar));
    this.#describe(bar);
  }

  toNow() {
    this.#chart.timeScale().scrollToPosition(AHEAD, false); // at once: a bar that comes would break a movement off
  }

  #column({ time, open, close, volume }) {
    return { time, value: volume, color: close >= open ? this.colours.upSoft : this.colours.downSoft };
  }

  #describe(bar) {
    this.#place.dataset.last = this.#last ? `${this.#last.time} ${this.#last.close}` : "";
    if (!bar) {
      this.#legend.textContent = "";
      return;
    }
    const places = decimals(bar.close);
    const pairs = [["O", bar.open], ["H", bar.high], ["L", bar.low], ["C", bar.close]].map(([name, value]) => [name, price(value, places)]);
    const change = bar.close / bar.open - 1;
    pairs.push(["", percent(change)], ["Vol", amount(bar.volume)]);
    this.#legend.className = `legend ${direction(change)}`;
    this.#legend.replaceChildren(
      ...pairs.map(([name, value]) => {
        const item = document.createElement("span");
        item.append(name && Object.assign(document.createElement("i"), { textContent: name }), value);
        return item;
      }),
    );
    this.#legend.title = clock(bar.time);
  }

  #key(event) {
    const scale = this.#chart.timeScale();
    const spacing = scale.options().barSpacing;
    const actions = {
      ArrowLeft: () => scale.scrollToPosition(scale.scrollPosition() - STEP, false),
      ArrowRight: () => scale.scrollToPosition(scale.scrollPosition() + STEP, false),
      "+": () => scale.applyOptions({ barSpacing: spacing * 1.25 }),
      "-": () => scale.applyOptions({ barSpacing: spacing / 1.25 }),
      End: () => this.toNow(),
    };
    if (!actions[event.key] || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    actions[event.key]();
  }

  #paint() {
    this.colours = { upSoft: coloured("up-soft"), downSoft: coloured("down-soft") };
    const [up, down, text, line, cross] = ["up-mark", "down-mark", "muted", "grid", "cross"].map(coloured);
    this.#chart.applyOptions({
      layout: { background: { color: coloured("panel") }, textColor: text },
      grid: { vertLines: { color: line }, horzLines: { color: line } },
      crosshair: { vertLine: { color: cross, labelBackgroundColor: coloured("label") }, horzLine: { color: cross, labelBackgroundColor: coloured("label") } },
    });
    this.#candles.applyOptions({ upColor: up, downColor: down, wickUpColor: up, wickDownColor: down });
    this.#volume.setData(this.#times.map((time) => this.#column(this.#byTime.get(time))));
  }
}
