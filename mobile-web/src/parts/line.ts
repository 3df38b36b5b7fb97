import { type CallModel, cameraFault } from "../call/state";
import type { Words } from "../words";

/** The line of truth; `fresh` while a recovery is still news. */
export function lineOf(model: CallModel, words: Words, fresh = false): string {
	const { call } = words;
	switch (model.phase) {
		case "idle":
		case "calling":
			return call.calling;
		case "connecting":
			return call.connecting;
		case "reconnecting":
			return call.reconnecting;
		case "ended":
			return call.ended;
		case "live":
			return liveLine(model, words, fresh);
	}
}

function liveLine(model: CallModel, { call, parts }: Words, fresh: boolean): string {
	const why = cameraFault(model.door);
	if (why !== undefined) return `${parts.camera}: ${why}`;
	if (model.pace !== "full") return call.steps;
	if (model.layer === "low") return call.smaller;
	if (model.network === "weak") return call.weak;
	if (model.layer === "close") return call.closeUp;
	return fresh && model.why === "recovered" ? call.recovered : call.good;
}

/** The lamp beside it. */
export function lampOf(model: CallModel): "on" | "off" | "waiting" {
	const { phase, network, layer, pace } = model;
	if (phase !== "live") return phase === "ended" ? "off" : "waiting";
	if (cameraFault(model.door) !== undefined) return "waiting";
	return network === "good" && layer !== "low" && pace === "full" ? "on" : "waiting";
}
