import { computed, signal } from "@preact/signals";
import { SETTINGS_RECORD, writeRecord } from "../identity/store";
import { de } from "./de";
import { en, type Words } from "./en";

export type { Words } from "./en";
export type Language = "en" | "de";

export const LANGUAGES: Readonly<Record<Language, Words>> = { en, de };
const CHOICE = "doorstep.language";

/** The language that was chosen, else the browser's, else English. */
export function languageOf(chosen: string | null, browser: readonly string[]): Language {
	const wishes = chosen ? [chosen, ...browser] : browser;
	for (const wish of wishes) {
		const short = wish.slice(0, 2).toLowerCase();
		if (short === "en" || short === "de") return short;
	}
	return "en";
}

export const language = signal<Language>(
	languageOf(localStorage.getItem(CHOICE), navigator.languages),
);

/** The language with the region that the browser has for it: its habits of writing times. */
export function localeOf(chosen: Language, browser: readonly string[]): string {
	return browser.find((wish) => wish.toLowerCase().startsWith(`${chosen}-`)) ?? chosen;
}

/** How to write times and dates now. */
export const locale = computed<string>(() => localeOf(language.value, navigator.languages));

/** The texts to show now. */
export const words = computed<Words>(() => LANGUAGES[language.value]);

/** Change the language, for the page and for notifications. */
export function chooseLanguage(next: Language): void {
	language.value = next;
	localStorage.setItem(CHOICE, next);
	document.documentElement.lang = next;
	// Without it notifications stay in the old language; nothing worth telling.
	writeRecord(SETTINGS_RECORD, { language: next }).catch(() => undefined);
}
