import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Plugin } from "vite";

const PAGE = "index.html";
// What runs or paints: scripts, styles, and scripts that are fetched ahead.
const ELEMENT = /<(?:script|link)\b[^>]*>/g;
const LOADED = /\b(?:src|href)="\/(assets\/[^"]+\.(?:js|css))"/;

/**
 * Writes `integrity` on every script and style of the built page, so that a browser refuses a file
 * whose bytes are not those of this build. The server's policy names the same hashes.
 */
export function integrity(): Plugin {
	return {
		name: "doorstep-integrity",
		apply: "build",
		writeBundle({ dir }, bundle) {
			if (!dir || !(PAGE in bundle)) return;
			const scripts = Object.values(bundle).filter(({ type }) => type === "chunk");
			if (scripts.length !== 1) {
				// The policy trusts what an element names by hash; `import()` has no element.
				this.error(`The app must be one script, but this build has ${scripts.length}.`);
			}
			const page = readFileSync(join(dir, PAGE), "utf8");
			writeFileSync(join(dir, PAGE), sealed(page, dir));
		},
	};
}

/** The page with a hash on every element that loads a script or a style from `folder`. */
export function sealed(page: string, folder: string): string {
	return page.replace(ELEMENT, (element) => {
		const file = LOADED.exec(element)?.[1];
		if (!file || element.includes(" integrity=")) return element;
		const hash = createHash("sha384")
			.update(readFileSync(join(folder, file)))
			.digest("base64");
		return element.replace(/\s*\/?>$/, ` integrity="sha384-${hash}">`);
	});
}
