// Rows inside the lasso: how many of which cluster, and their names as a file or on the clipboard.
import { Data } from "./data";

export class Selection {
  rows: Set<number> | null = null;
  private readonly counts: HTMLElement;

  constructor(private readonly element: HTMLElement, private readonly data: Data, private readonly changed: () => void) {
    const part = (name: string) => element.querySelector<HTMLElement>(`[data-${name}]`)!;
    this.counts = part("counts");
    part("clear").addEventListener("click", () => this.clear());
    part("save").addEventListener("click", () => this.save());
    part("copy").addEventListener("click", () => void this.copy(part("copy")));
  }

  set(rows: number[]): void {
    this.rows = rows.length ? new Set(rows) : null;
    this.element.hidden = !this.rows;
    const sizes = new Map<number, number>();
    for (const row of rows) sizes.set(this.data.cluster[row], (sizes.get(this.data.cluster[row]) ?? 0) + 1);
    const parts = [...sizes].sort((a, b) => b[1] - a[1]).map(([cluster, size]) => {
      return `${cluster < 0 ? "in none" : `cluster ${this.data.clusters[cluster]}`}: ${size.toLocaleString("en")}`;
    });
    const shown = parts.length > 12 ? [...parts.slice(0, 12), `${parts.length - 12} more clusters`] : parts;
    this.counts.textContent = `${rows.length.toLocaleString("en")} ${rows.length === 1 ? "row" : "rows"} selected. ${shown.join(", ")}`;
    this.changed();
  }

  clear(): void {
    if (this.rows) this.set([]);
  }

  private lines(): string {
    const { data } = this;
    const header = ["row", ...(data.names ? ["name"] : []), "cluster", "confidence"];
    const lines = [...(this.rows ?? [])].map((row) => [
      data.row[row],
      ...(data.names ? [data.names[row]] : []),
      data.cluster[row],
      data.confidence[row].toFixed(4),
    ]);
    return [header, ...lines].map((cells) => cells.map((cell) => quoted(String(cell))).join(",")).join("\n") + "\n";
  }

  private save(): void {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(new Blob([this.lines()], { type: "text/csv" }));
    link.download = "selection.csv";
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  private async copy(button: HTMLElement): Promise<void> {
    const { data } = this;
    const names = [...(this.rows ?? [])].map((row) => (data.names ? data.names[row] : String(data.row[row]))).join("\n");
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
