import { OfflineError, RefusedError } from "../api/problem";
import { DeniedError } from "../call/control";
import type { Words } from "../words";

/** What went wrong as a sentence: the server's own words, else ours. */
export function sentenceOf(error: unknown, words: Words): string {
	if (error instanceof OfflineError) return words.error.offline;
	if (error instanceof RefusedError) return error.detail || words.error.unknown;
	if (error instanceof DeniedError) {
		return error.reason === "silent" ? sentenceCase(words.call.silent) : error.detail;
	}
	return words.error.unknown;
}

function sentenceCase(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
