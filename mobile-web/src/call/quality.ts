/** What the last seconds say about the way to the door. */
export interface Sample {
	received: number;
	lost: number;
	freezes: number;
	roundTripS: number;
}

// More than this and pictures visibly break or stall.
const LOSS_LIMIT = 0.05;
const ROUND_TRIP_LIMIT_S = 0.6;

/** Judge two samples that were taken a moment apart. */
export function judge(before: Sample, after: Sample): "good" | "weak" {
	const received = after.received - before.received;
	const lost = Math.max(0, after.lost - before.lost);
	const share = received + lost > 0 ? lost / (received + lost) : 1;
	const frozen = after.freezes > before.freezes;
	return share > LOSS_LIMIT || frozen || after.roundTripS > ROUND_TRIP_LIMIT_S ? "weak" : "good";
}

/** Read a sample from the browser's statistics. */
export function sampleOf(report: RTCStatsReport): Sample {
	const sample: Sample = { received: 0, lost: 0, freezes: 0, roundTripS: 0 };
	for (const [, each] of report as unknown as Iterable<[string, Record<string, unknown>]>) {
		if (each.type === "inbound-rtp" && each.kind === "video") {
			sample.received = number(each.packetsReceived);
			sample.lost = number(each.packetsLost);
			sample.freezes = number(each.freezeCount);
		} else if (each.type === "candidate-pair" && each.nominated === true) {
			sample.roundTripS = number(each.currentRoundTripTime);
		}
	}
	return sample;
}

function number(value: unknown): number {
	return typeof value === "number" ? value : 0;
}
