import { OfflineError, RefusedError } from "../api/problem";
import { DeniedError } from "../call/control";
import { ImpostorError } from "../call/impostor";
import { type CallEnd, EndedError } from "../call/state";
import type { Words } from "../words";

/** What went wrong as a sentence: the server's own words, else ours. */
export function sentenceOf(error: unknown, words: Words): string {
	if (error instanceof OfflineError) return words.error.offline;
	if (error instanceof RefusedError) return refusalOf(error, words);
	if (error instanceof ImpostorError) {
		return words.trust.ends[error.sign === "unknown" ? "stranger" : "impostor"];
	}
	if (error instanceof EndedError) return sentenceOfEnd(error.end, words);
	if (error instanceof DeniedError) {
		return error.reason === "silent" ? sentenceCase(words.call.silent) : error.detail;
	}
	return words.error.unknown;
}

/** Why a call is over; the server's own sentence where it knows more than we do. */
export function sentenceOfEnd({ why, detail, waitS }: CallEnd, words: Words): string {
	if (why === "rate") return tooOften(waitS, words);
	return (why === "refused" && detail) || words.call.why[why];
}

/** That it was too often, and when it may be tried again if anybody knows. */
export function tooOften(waitS: number | undefined, { trust }: Words): string {
	if (waitS === undefined) return trust.tooOften;
	const wait = waitS < 90 ? trust.waitSeconds(waitS) : trust.waitMinutes(Math.ceil(waitS / 60));
	return `${trust.tooOften} ${wait}`;
}

function refusalOf({ status, detail, retryAfterS }: RefusedError, words: Words): string {
	return status === 429 ? tooOften(retryAfterS, words) : detail || words.error.unknown;
}

function sentenceCase(text: string): string {
	return text.charAt(0).toUpperCase() + text.slice(1);
}
