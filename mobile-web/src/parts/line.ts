import type { CallModel } from "../call/state";
import type { Words } from "../words";

/** The line of truth; `fresh` while a recovery is still news. */
export function lineOf(model: CallModel, { call }: Words, fresh = false): string {
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
			return liveLine(model, call, fresh);
	}
}

function liveLine(model: CallModel, call: Words["call"], fresh: boolean): string {
	if (model.pace !== "full") return call.steps;
	if (model.layer === "low") return call.smaller;
	if (model.network === "weak") return call.weak;
	if (model.layer === "close") return call.closeUp;
	return fresh && model.why === "recovered" ? call.recovered : call.good;
}

/** The lamp beside it. */
export function lampOf({ phase, network, layer, pace }: CallModel): "on" | "off" | "waiting" {
	if (phase !== "live") return phase === "ended" ? "off" : "waiting";
	return network === "good" && layer !== "low" && pace === "full" ? "on" : "waiting";
}
