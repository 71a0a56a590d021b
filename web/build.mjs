// Writes the page's script with the digest of what it was built from; tests/report/test_static.py compares the two.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

const sources = ["build.mjs", "package-lock.json", "tsconfig.json", ...readdirSync("src").map((name) => `src/${name}`)];
const digest = createHash("sha256");
for (const name of sources.sort()) digest.update(`${name}\n`).update(readFileSync(name));

const made = await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2022",
  charset: "utf8",
  write: false,
});
const place = "../src/vaecluster/report/static/map.js";
writeFileSync(place, `// Built from web/ (sha256 ${digest.digest("hex")}); do not edit.\n${made.outputFiles[0].text}`);
console.log(`${place}: ${made.outputFiles[0].text.length} characters`);
