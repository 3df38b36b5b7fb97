import { type Counters, countersOf, type Path, type Way, wayOf } from "./counters";

/** What the last second says about the picture and the way it takes. */
export interface Vitals {
	readonly width: number;
	readonly height: number;
	readonly fps: number;
	readonly bitsPerSecond: number;
	readonly roundTripMs: number | null;
	/** Of the packets sent, the share that did not arrive. */
	readonly loss: number;
	readonly jitterMs: number;
	readonly path: Path | null;
	readonly frozen: boolean;
	/** Nothing came at all. */
	readonly silent: boolean;
}

export interface Sample {
	readonly atMs: number;
	readonly counters: Counters;
	readonly way: Way;
}

// More than this and pictures visibly break or stall.
const LOSS_LIMIT = 0.05;
const ROUND_TRIP_LIMIT_MS = 600;

/** Read a sample from the browser's statistics of the whole connection. */
export function sampleOf(report: RTCStatsReport, atMs: number): Sample {
	return { atMs, counters: countersOf(report), way: wayOf(report) };
}

/** What happened between two samples. */
export function vitalsOf(before: Sample, after: Sample): Vitals {
	const seconds = Math.max(0.001, (after.atMs - before.atMs) / 1000);
	const rise = (of: (counters: Counters) => number) =>
		Math.max(0, of(after.counters) - of(before.counters));
	const packets = rise((counters) => counters.packets);
	const lost = rise((counters) => counters.lost);
	const { width, height, jitterMs } = after.counters;
	return {
		width,
		height,
		fps: rise((counters) => counters.decoded) / seconds,
		bitsPerSecond: (rise((counters) => counters.bytes) * 8) / seconds,
		roundTripMs: after.way.roundTripMs,
		loss: packets + lost > 0 ? lost / (packets + lost) : 0,
		jitterMs,
		path: after.way.path,
		frozen: after.counters.freezes > before.counters.freezes,
		silent: packets === 0,
	};
}

/** Whether a person notices that the network is not good. */
export function judge(vitals: Vitals): "good" | "weak" {
	const late = (vitals.roundTripMs ?? 0) > ROUND_TRIP_LIMIT_MS;
	return vitals.loss > LOSS_LIMIT || vitals.frozen || vitals.silent || late ? "weak" : "good";
}
