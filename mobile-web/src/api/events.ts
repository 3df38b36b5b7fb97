import type { ServerEvent } from "../protocol.gen";
import { API, type SignedHttp } from "./http";
import { RefusedError } from "./problem";
import { SseParser } from "./sse";

const FIRST_PAUSE_MS = 500;
const LONGEST_PAUSE_MS = 20_000;
// The server writes a comment every 15 s or so; three missed mean that the path is gone.
const SILENCE_LIMIT_MS = 50_000;

export interface EventHandlers {
	/** The stream is open: what was missed while it was closed should be fetched. */
	opened: () => void;
	event: (event: ServerEvent) => void;
	/** The stream is closed, and why; it opens again by itself. */
	closed: (error: unknown) => void;
}

/** Follow the server's events until `signal` aborts; reconnects with full jitter. */
export async function followEvents(
	http: SignedHttp,
	handlers: EventHandlers,
	signal: AbortSignal,
): Promise<void> {
	const parser = { lastEventId: "" };
	let pause = FIRST_PAUSE_MS;
	while (!signal.aborted) {
		try {
			await readOnce(http, handlers, parser, signal, () => {
				pause = FIRST_PAUSE_MS;
			});
			handlers.closed(undefined);
		} catch (error) {
			if (signal.aborted) return;
			handlers.closed(error);
			if (error instanceof RefusedError && error.retryAfterS !== undefined) {
				pause = Math.max(pause, error.retryAfterS * 1000);
			}
		}
		await rest(Math.random() * pause, signal);
		pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
	}
}

async function readOnce(
	http: SignedHttp,
	handlers: EventHandlers,
	last: { lastEventId: string },
	signal: AbortSignal,
	good: () => void,
): Promise<void> {
	const quiet = new AbortController();
	let timer = setTimeout(() => quiet.abort(), SILENCE_LIMIT_MS);
	try {
		const response = await http.request("GET", `${API}/events`, {
			headers: {
				Accept: "text/event-stream",
				...(last.lastEventId && { "Last-Event-ID": last.lastEventId }),
			},
			endless: true,
			signal: AbortSignal.any([signal, quiet.signal]),
		});
		good();
		handlers.opened();
		const parser = new SseParser();
		parser.lastEventId = last.lastEventId;
		const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
		while (reader) {
			const { done, value } = await reader.read();
			if (done) return;
			clearTimeout(timer);
			timer = setTimeout(() => quiet.abort(), SILENCE_LIMIT_MS);
			for (const sent of parser.push(value)) deliver(sent.data, handlers);
			last.lastEventId = parser.lastEventId;
		}
	} finally {
		clearTimeout(timer);
	}
}

function deliver(data: string, handlers: EventHandlers): void {
	let event: ServerEvent;
	try {
		event = JSON.parse(data) as ServerEvent;
	} catch {
		return; // Not ours; the next one may be.
	}
	if (event.type === "visit" || event.type === "doorbell") handlers.event(event);
}

/** Wait, but not longer than until the network comes back, the page is shown, or the end. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
	return new Promise((resolve) => {
		const wake = () => {
			clearTimeout(timer);
			globalThis.removeEventListener?.("online", wake);
			signal.removeEventListener("abort", wake);
			resolve();
		};
		const timer = setTimeout(wake, ms);
		globalThis.addEventListener?.("online", wake);
		signal.addEventListener("abort", wake);
	});
}
