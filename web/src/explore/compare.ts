// Two runs of the same rows: how their clusters match.
import { get, Match } from "./api";
import { button, made } from "./parts";
import { Store } from "./store";

const HEADINGS = [
  ["this run", "A cluster of this run, and its rows: press to select them on both maps"],
  ["the other", "The cluster of the other run that shares most with it, and its rows"],
  ["rows in both", "Rows that are in both clusters"],
  ["overlap", "Rows in both clusters, of those in one or the other"],
];

export class ComparePanel {
  private readonly words = made("p", { class: "note" });
  private readonly body = made("tbody");
  private asked = -1;

  constructor(panel: HTMLElement, private readonly store: Store) {
    const head = HEADINGS.map(([text, title]) => made("th", { scope: "col", title }, text));
    const table = made("table", { class: "compare" }, made("thead", {}, made("tr", {}, ...head)), this.body);
    panel.append(this.words, made("div", { class: "scroll" }, table));
    store.onChange(() => !panel.hidden && this.look());
  }

  look(): void {
    if (this.asked === this.store.state.version) return;
    this.asked = this.store.state.version;
    void this.store.trying(async () => {
      const { ari, matches } = await get<{ ari: number; matches: Match[] }>("api/matches");
      this.words.textContent = `The runs agree by an adjusted Rand index of ${ari.toFixed(3)}; 1 is the same clusters. Press a cluster to select its rows on both maps.`;
      this.body.replaceChildren(...matches.map((match) => this.line(match)));
    });
  }

  private line(match: Match): HTMLElement {
    const { store } = this;
    const select = () => {
      const rows: number[] = [];
      store.labels.forEach((cluster, row) => cluster === match.cluster && rows.push(row));
      store.choose(rows);
    };
    const other = match.other < 0 ? "none" : `${match.other_name} (${match.other_size.toLocaleString("en")})`;
    const own = button(`${match.name} (${match.size.toLocaleString("en")})`, select, { "data-match": match.cluster, title: HEADINGS[0][1] });
    return made(
      "tr",
      {},
      made("th", { scope: "row" }, own),
      made("td", { title: HEADINGS[1][1] }, other),
      made("td", { title: HEADINGS[2][1] }, match.both.toLocaleString("en")),
      made("td", { title: HEADINGS[3][1] }, `${Math.floor(100 * match.overlap)} %`),
    );
  }
}
