import type { Problem } from "../protocol.gen";

/** The server answered with an error; `detail` is its own sentence, if it had one. */
export class RefusedError extends Error {
	override readonly name = "RefusedError";

	constructor(
		readonly status: number,
		readonly type: string,
		readonly detail: string,
		readonly retryAfterS?: number,
	) {
		super(detail || `status ${status}`);
	}
}

/** The server could not be reached at all. */
export class OfflineError extends Error {
	override readonly name = "OfflineError";
}

/** The error that a failed answer stands for (RFC 9457, or whatever a proxy sent instead). */
export async function refusalOf(response: Response): Promise<RefusedError> {
	const text = await response.text().catch(() => "");
	const retryAfter = Number.parseInt(response.headers.get("Retry-After") ?? "", 10);
	const problem = problemIn(text);
	return new RefusedError(
		response.status,
		problem?.type ?? "about:blank",
		problem?.detail ?? "",
		Number.isNaN(retryAfter) ? undefined : retryAfter,
	);
}

function problemIn(text: string): Partial<Problem> | undefined {
	try {
		const value: unknown = JSON.parse(text);
		return typeof value === "object" && value !== null ? value : undefined;
	} catch {
		return undefined;
	}
}

/** The problem type of a token whose times the server does not believe. */
export const CLOCK_PROBLEM = "/problems/clock";
