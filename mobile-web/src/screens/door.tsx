import { useComputed, useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
import { isOver } from "../call/state";
import { lastRang } from "../household/merge";
import { notify } from "../parts/notice";
import { Rewind } from "../parts/rewind";
import { useSession } from "../parts/session";
import { go, paths, type Route } from "../router";
import { words } from "../words";
import { CallPanel } from "./call";
import { RewindPicture } from "./rewind";
import { RingPanel } from "./ring";
import { Stage, type StageHandle } from "./stage";

/**
 * One door on the whole screen: while it rings, and while there is a call. Both share the stage, so
 * that the picture turns live without a jump.
 */
export function DoorScreen({ at }: { at: Extract<Route, { name: "ring" | "call" }> }) {
	const session = useSession();
	const { household } = session;
	const whole = useSignal(false);
	const muted = useSignal(false);
	const zoom = useSignal(1);
	const stage = useRef<StageHandle>(null);
	const rewind = useMemo(() => new Rewind(), []);
	const visitId = at.name === "ring" ? at.visit : at.answers;
	const known = household.visits.value.find((visit) => visit.id === visitId);
	const doorbellId = at.name === "call" ? at.doorbell : known?.doorbell;
	const doorbell = household.doorbells.value.find(({ id }) => id === doorbellId);
	const visit = known ?? doorbell?.latest ?? null;
	const active = session.active.value;
	const model = active?.model.value;
	const live = useComputed(() => session.active.value?.model.value.phase === "live");

	useEffect(() => {
		if (at.name === "ring" && !known) {
			household.fetchVisit(at.visit).catch(() => go(paths.home, "replace"));
		}
	}, [at.name, visitId]);

	useLayoutEffect(() => {
		// Opened by its address: call as if tapped.
		if (at.name === "call") session.call(at.doorbell, at.answers);
	}, [at.name, doorbellId]);

	// A connection that is lost is called again at once, with a nonce that is at hand.
	useEffect(() => {
		if (at.name !== "call") return;
		const left = new AbortController();
		session.client.challenges.keep(at.doorbell, left.signal);
		return () => left.abort();
	}, [session, at.name, doorbellId]);

	const over = model ? isOver(model) : true;
	useEffect(() => {
		if (over) rewind.close();
		return () => rewind.close();
	}, [over]);

	const name = doorbell?.name ?? words.value.home.title;
	const inCall = at.name === "call";
	return (
		<main class={inCall ? "door in-call" : "door in-ring"} id="content">
			<Stage
				visit={visit}
				alt={inCall ? words.value.call.picture(name) : words.value.a11y.doorPicture(name)}
				stream={inCall ? (active?.stream.value ?? null) : null}
				live={live}
				whole={whole.value}
				aside={inCall && rewind.seen.value !== null}
				muted={muted.value || rewind.seen.value !== null}
				windows={active?.windows}
				handle={stage}
				onPicture={(frame) => session.active.value?.call.pictureShown(frame)}
				onLook={(look, times) => {
					zoom.value = times;
					session.active.value?.call.look(look);
				}}
				onSilenced={() => {
					muted.value = true;
					notify(words.value.call.soundBlocked);
				}}
			/>
			<RewindPicture rewind={rewind} />
			<div class="shade" aria-hidden="true" />
			{at.name === "ring" && known && (
				<RingPanel
					key={`${known.id} ${at.reply}`}
					visit={known}
					doorbell={doorbell}
					name={name}
					reply={at.reply}
				/>
			)}
			{inCall && active && (
				<CallPanel
					active={active}
					doorbell={doorbell}
					name={name}
					whole={whole}
					muted={muted}
					zoom={zoom}
					stage={stage}
					rewind={rewind}
					rangMs={visit?.rang_ms ? lastRang(visit) : null}
					over={over}
				/>
			)}
		</main>
	);
}
