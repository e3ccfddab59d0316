// Stands in for TradingView's library: it asks the datafeed in the same order, and shows the last bar as text.

const TradingView = {
  widget: class {
    constructor(options) {
      this.options = options;
      window.widget = this;
      document.getElementById(options.container).dataset.asked = `${options.symbol} ${options.interval}`;
      options.datafeed.onReady(() => options.datafeed.resolveSymbol(options.symbol, (info) => this.begin(info), console.error));
    }

    begin(info) {
      const { datafeed, interval, container } = this.options;
      const show = ({ close }) => (document.getElementById(container).textContent = `${info.ticker} ${interval} ${close}`);
      const period = { from: 0, to: 4_000_000_000, countBack: 330, firstDataRequest: true };
      this.load = () => datafeed.getBars(info, interval, period, (bars) => bars.length && show(bars.at(-1)), console.error);
      this.load();
      datafeed.subscribeBars(info, interval, show, "1", () => {});
    }

    activeChart() {
      return { resetData: () => this.load() };
    }
  },
};
