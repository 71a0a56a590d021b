// Rows that are selected: how many of which cluster, and their names as a file or on the clipboard.
import { Data } from "./data";

/** What a file of rows holds, by their numbers. */
export type Saved = (rows: number[]) => Promise<string>;

export class Selection {
  /** By their numbers, which need not be on the map. */
  rows: Set<number> | null = null;
  /** Lines of those that are on the map. */
  onMap: number[] = [];
  private readonly counts: HTMLElement;
  private readonly lines: Map<number, number>;

  constructor(
    private readonly element: HTMLElement,
    private readonly data: Data,
    private readonly changed: () => void,
    private readonly saved: Saved = (rows) => Promise.resolve(this.table(rows)),
  ) {
    const part = (name: string) => element.querySelector<HTMLElement>(`[data-${name}]`)!;
    this.counts = part("counts");
    this.lines = new Map(Array.from(data.row, (row, line) => [row, line]));
    part("clear").addEventListener("click", () => this.clear());
    part("save").addEventListener("click", () => void this.save());
    part("copy").addEventListener("click", () => void this.copy(part("copy")));
  }

  set(rows: Iterable<number>): void {
    const some = new Set(rows);
    this.rows = some.size ? some : null;
    this.onMap = [...some].map((row) => this.lines.get(row)).filter((line) => line !== undefined);
    this.tell();
    this.changed();
  }

  clear(): void {
    if (this.rows) this.set([]);
  }

  /** Say how many rows there are of which cluster. */
  tell(): void {
    const { data } = this;
    const rows = this.rows ?? new Set<number>();
    this.element.hidden = !this.rows;
    const sizes = new Map<number, number>();
    for (const line of this.onMap) sizes.set(data.cluster[line], (sizes.get(data.cluster[line]) ?? 0) + 1);
    const parts = [...sizes].sort((a, b) => b[1] - a[1]).map(([cluster, size]) => {
      return `${cluster < 0 ? "in none" : `cluster ${data.clusters[cluster]}`}: ${size.toLocaleString("en")}`;
    });
    const shown = parts.length > 12 ? [...parts.slice(0, 12), `${parts.length - 12} more clusters`] : parts;
    this.counts.textContent = `${rows.size.toLocaleString("en")} ${rows.size === 1 ? "row" : "rows"} selected. ${shown.join(", ")}`;
  }

  private table(rows: number[]): string {
    const { data } = this;
    const header = ["row", ...(data.names ? ["name"] : []), "cluster", "confidence"];
    const lines = rows.map((row) => {
      const line = this.lines.get(row)!;
      const name = data.names ? [data.names[line]] : [];
      return [row, ...name, data.cluster[line], data.confidence[line].toFixed(4)];
    });
    return [header, ...lines].map((cells) => cells.map((cell) => quoted(String(cell))).join(",")).join("\n") + "\n";
  }

  private async save(): Promise<void> {
    const link = document.createElement("a");
    const text = await this.saved([...(this.rows ?? [])]);
    link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
    link.download = "selection.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  private async copy(button: HTMLElement): Promise<void> {
    const { data } = this;
    const name = (row: number) => data.names?.[this.lines.get(row) ?? -1] ?? String(row);
    const names = [...(this.rows ?? [])].map(name).join("\n");
    try {
      await navigator.clipboard.writeText(names);
    } catch {
      // Where a page in a file may not use the clipboard, the older way works.
      const field = document.body.appendChild(document.createElement("textarea"));
      field.value = names;
      field.select();
      document.execCommand("copy");
      field.remove();
    }
    const before = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => (button.textContent = before), 1500);
  }
}

const quoted = (cell: string): string => (/[",\n\r]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell);
