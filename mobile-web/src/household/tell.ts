import { OfflineError, RefusedError } from "../api/problem";
import { ImpostorError } from "../call/impostor";
import type { Words } from "../words";
import { type AccessDraft, type DraftFault, spanOf } from "./access";
import { NotDoneError } from "./requests";

/** Why something was not done, as a sentence for the person who asked. */
export function whyNot(error: unknown, { household: text, error: other }: Words): string {
	if (error instanceof NotDoneError) {
		const { reason, detail } = error;
		return reason in text.refused
			? text.refused[reason as keyof typeof text.refused]
			: detail || other.unknown;
	}
	return other.unknown;
}

/** Why there is no way to the doorbell. */
export function whyClosed(error: unknown, { household: { line: text } }: Words): string {
	if (error instanceof ImpostorError) return text.stranger;
	if (error instanceof OfflineError) return text.offline;
	if (error instanceof RefusedError) {
		const away = error.status === 503 || error.status === 504;
		return away ? text.away : error.detail || text.refused;
	}
	if (error instanceof NotDoneError && error.detail) return error.detail;
	return text.closed;
}

/** What is wrong with what was typed, and what to do about it. */
export function faultLine(
	fault: DraftFault,
	draft: AccessDraft,
	{ household: { access } }: Words,
): string {
	const text = access.faults[fault.what];
	if (typeof text === "string") return text;
	const window = "window" in fault ? draft.windows[fault.window] : undefined;
	return text(window ? spanOf(window) : "");
}
