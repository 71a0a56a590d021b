// A row from elsewhere: where it belongs, what is like it, and how the model makes it again.
import { Brought, post, postFile } from "./api";
import { button, isWide, likely, made, rowButton, titled } from "./parts";
import { Store } from "./store";

export class BringPanel {
  private readonly text = made("textarea", { "aria-label": "A row as CSV or JSON", "data-text": true, spellcheck: false });
  private place: [number, number] | null = null;
  private readonly result = made("div", { class: "list", "aria-live": "polite", "data-brought": true });

  constructor(panel: HTMLElement, private readonly store: Store, pictures: boolean) {
    if (pictures) panel.append(this.zone());
    const place = button("Find its cluster", () => void this.read(), { "data-find": true });
    const first = pictures ? "Or paste" : "Paste";
    const words = `${first} a row: a line of CSV, with or without a line of names above it, or JSON; where rows are texts, a text.`;
    panel.append(made("p", { class: "note" }, words), this.text, made("div", { class: "line" }, place), this.result);
  }

  look(): void {
    if (this.place) this.store.map?.invite([this.place]);
  }

  private zone(): HTMLElement {
    const file = made("input", { type: "file", accept: "image/*", "aria-label": "A picture", "data-file": true });
    const zone = made("div", { class: "drop", "data-drop": true }, "Drop a picture here, or choose one.", file);
    file.addEventListener("change", () => file.files?.[0] && void this.picture(file.files[0]));
    for (const [name, over] of [["dragover", true], ["dragleave", false], ["drop", false]] as const) {
      zone.addEventListener(name, (event) => {
        event.preventDefault();
        zone.classList.toggle("over", over);
      });
    }
    zone.addEventListener("drop", (event) => {
      const dropped = event.dataTransfer?.files[0];
      if (dropped) void this.picture(dropped);
    });
    return zone;
  }

  private picture(file: Blob): Promise<void> {
    return this.store.trying(async () => this.show(await postFile<Brought>("api/picture", file)));
  }

  private read(): Promise<void> {
    return this.store.trying(async () => this.show(await post<Brought>("api/text", { text: this.text.value })));
  }

  private show(found: Brought): void {
    const { store } = this;
    const near = made("ul", { class: "list members", "aria-label": "Nearest rows" });
    near.classList.toggle("wide", found.nearest.some(({ seen }) => isWide(seen)));
    near.append(
      ...found.nearest.map((row) => {
        const one = rowButton(row, store.chosen.has(row.row), () => {
          store.toggle(row.row);
          one.setAttribute("aria-pressed", String(store.chosen.has(row.row)));
        });
        one.querySelector(".about")!.append(made("small", { title: "The cluster that the row is in" }, row.cluster < 0 ? "in none" : `cluster ${store.name(row.cluster)}`));
        return made("li", {}, one);
      }),
    );
    const unusual = found.outlier === null ? "" : `Likelier than this are ${Math.floor(100 * found.outlier)} % of comparable rows.`;
    this.result.replaceChildren(
      made("div", { class: "pair" }, titled("the row", found.seen), titled("as the model makes it again", found.again)),
      likely(found.clusters, (cluster) => store.name(cluster)),
      made("p", { class: "note" }, `${unusual} The cross on the map is its place. Nearest rows:`),
      near,
    );
    this.place = found.place;
    this.look();
    store.say(`Most likely in cluster ${store.name(found.clusters[0].cluster)}.`);
  }
}
