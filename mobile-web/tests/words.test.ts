import { describe, expect, it } from "vitest";
import { languageOf, localeOf } from "../src/words";
import { de } from "../src/words/de";
import { en } from "../src/words/en";

function keys(value: object, path = ""): string[] {
	return Object.entries(value).flatMap(([key, inner]) =>
		typeof inner === "object" && inner !== null
			? keys(inner, `${path}${key}.`)
			: [`${path}${key}:${typeof inner}`],
	);
}

function texts(value: object): string[] {
	return Object.values(value).flatMap((inner) => {
		if (typeof inner === "string") return [inner];
		return typeof inner === "object" && inner !== null ? texts(inner) : [];
	});
}

describe("the locale", () => {
	it("is the browser's own for the chosen language", () => {
		expect(localeOf("en", ["de-DE", "en-GB", "en-US"])).toBe("en-GB");
		expect(localeOf("de", ["en-GB", "de"])).toBe("de");
	});
});

describe("the words", () => {
	it("have the same keys in every language", () => {
		expect(keys(de)).toEqual(keys(en));
	});

	it("are never empty, and German is not left in English", () => {
		for (const text of [...texts(en), ...texts(de)]) expect(text.trim()).not.toBe("");
		const english = new Set(texts(en).filter((text) => text.split(" ").length > 2));
		expect(texts(de).filter((text) => english.has(text))).toEqual([]);
	});
});

describe("the language", () => {
	it.each([
		[null, ["de-CH", "en"], "de"],
		[null, ["fr-FR", "de"], "de"],
		[null, ["fr"], "en"],
		[null, [], "en"],
		["en", ["de"], "en"],
		["xx", ["de"], "de"],
	])("of %s and %j is %s", (chosen, browser, expected) => {
		expect(languageOf(chosen, browser)).toBe(expected);
	});
});
