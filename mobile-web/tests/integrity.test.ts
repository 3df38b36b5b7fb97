import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { sealed } from "../scripts/integrity";

let folder = "";

beforeEach(() => {
	folder = mkdtempSync(join(tmpdir(), "integrity-"));
	mkdirSync(join(folder, "assets"));
	writeFileSync(join(folder, "assets", "a-1.js"), "run()");
	writeFileSync(join(folder, "assets", "a-1.css"), "p{}");
});

afterEach(() => rmSync(folder, { recursive: true }));

const hashOf = (text: string) => createHash("sha384").update(text).digest("base64");

it("names scripts, styles and what is fetched ahead by their hashes", () => {
	expect(sealed('<script type="module" src="/assets/a-1.js"></script>', folder)).toBe(
		`<script type="module" src="/assets/a-1.js" integrity="sha384-${hashOf("run()")}"></script>`,
	);
	expect(sealed('<link rel="stylesheet" href="/assets/a-1.css" />', folder)).toBe(
		`<link rel="stylesheet" href="/assets/a-1.css" integrity="sha384-${hashOf("p{}")}">`,
	);
	expect(sealed('<link rel="modulepreload" href="/assets/a-1.js">', folder)).toContain(
		`integrity="sha384-${hashOf("run()")}"`,
	);
});

it("leaves pictures, the manifest and what is sealed already", () => {
	const page = '<link rel="icon" href="/icons/mark.svg"><link href="/manifest.webmanifest">';
	expect(sealed(page, folder)).toBe(page);
	const once = sealed('<script src="/assets/a-1.js"></script>', folder);
	expect(sealed(once, folder)).toBe(once);
});

it("fails when a file of the page is missing", () => {
	expect(() => sealed('<script src="/assets/gone.js"></script>', folder)).toThrow();
});
