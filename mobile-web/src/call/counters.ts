/** What the video receiver has counted since the connection began. */
export interface Counters {
	readonly bytes: number;
	readonly packets: number;
	readonly lost: number;
	readonly decoded: number;
	readonly dropped: number;
	readonly freezes: number;
	readonly jitterMs: number;
	readonly width: number;
	readonly height: number;
}

/** How the two ends reach each other: within a network, through a router, or over a relay. */
export type Path = "direct" | "internet" | "relay";

export interface Way {
	readonly path: Path | null;
	readonly roundTripMs: number | null;
}

type Entry = Record<string, unknown>;
type Report = Iterable<[string, Entry]>;

const NOTHING: Counters = {
	bytes: 0,
	packets: 0,
	lost: 0,
	decoded: 0,
	dropped: 0,
	freezes: 0,
	jitterMs: 0,
	width: 0,
	height: 0,
};

/** Read the counters from the browser's statistics; what a browser does not count is 0. */
export function countersOf(report: RTCStatsReport): Counters {
	for (const [, each] of report as unknown as Report) {
		if (each.type !== "inbound-rtp" || each.kind !== "video") continue;
		return {
			bytes: count(each.bytesReceived),
			packets: count(each.packetsReceived),
			lost: Math.trunc(number(each.packetsLost)),
			decoded: count(each.framesDecoded),
			dropped: count(each.framesDropped),
			freezes: count(each.freezeCount),
			jitterMs: Math.max(0, number(each.jitter) * 1000),
			width: count(each.frameWidth),
			height: count(each.frameHeight),
		};
	}
	return NOTHING;
}

/** The pair of addresses in use, as the browser's statistics tell it. */
export function wayOf(report: RTCStatsReport): Way {
	const entries = new Map(report as unknown as Report);
	const pair = selectedPair(entries);
	if (!pair) return { path: null, roundTripMs: null };
	const kinds = [pair.localCandidateId, pair.remoteCandidateId].map(
		(id) => entries.get(String(id))?.candidateType,
	);
	const trip = pair.currentRoundTripTime;
	return {
		path: pathOf(kinds),
		roundTripMs: typeof trip === "number" ? trip * 1000 : null,
	};
}

function selectedPair(entries: ReadonlyMap<string, Entry>): Entry | undefined {
	for (const each of entries.values()) {
		if (each.type === "transport" && typeof each.selectedCandidatePairId === "string") {
			return entries.get(each.selectedCandidatePairId);
		}
	}
	for (const each of entries.values()) {
		// Firefox names the pair itself.
		if (each.type === "candidate-pair" && (each.selected || each.nominated)) return each;
	}
	return undefined;
}

function pathOf(kinds: readonly unknown[]): Path {
	if (kinds.includes("relay")) return "relay";
	// A peer-reflexive address at one end only: a home network that hides names behind mDNS.
	return kinds.includes("srflx") ? "internet" : "direct";
}

function count(value: unknown): number {
	return Math.max(0, Math.trunc(number(value)));
}

function number(value: unknown): number {
	return typeof value === "number" && Number.isFinite(value) ? value : 0;
}
