// Fails the build when the script of the first start grows over what a slow phone loads at once.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

const LIMIT_BYTES = 100_000;
const folder = new URL("../dist/assets", import.meta.url).pathname;

const sizes = readdirSync(folder)
	.filter((name) => name.endsWith(".js"))
	.map((name) => ({ name, bytes: gzipSync(readFileSync(join(folder, name))).length }));
const total = sizes.reduce((sum, { bytes }) => sum + bytes, 0);

for (const { name, bytes } of sizes) process.stdout.write(`${name} ${bytes} bytes compressed\n`);
process.stdout.write(`script ${total} of ${LIMIT_BYTES} bytes\n`);
if (total > LIMIT_BYTES) {
	process.stderr.write("The script is too large. Remove a dependency or split a screen off.\n");
	process.exit(1);
}
