import { useSignal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { visitPaths } from "../api/client";
import { RefusedError } from "../api/problem";
import { Icon, type IconName } from "../parts/icons";
import { notify } from "../parts/notice";
import { useMediaAddress } from "../parts/picture";
import { sentenceOf } from "../parts/sentence";
import { useSession } from "../parts/session";
import { clockWithSeconds, dayLabel } from "../parts/time";
import type { Moment, Visit } from "../protocol.gen";
import { go, paths } from "../router";
import { locale, words } from "../words";
import { Player, type PlayerHandle } from "./player";

/** One visit: its clip, what happened, and what to do with it. */
export function VisitScreen({ id }: { id: string }) {
	const { household } = useSession();
	const visit = household.visits.value.find((each) => each.id === id);
	const missing = useSignal("");
	const { app, visit: text } = words.value;
	useEffect(() => {
		const over = new AbortController();
		household.fetchVisit(id, over.signal).catch((error: unknown) => {
			if (over.signal.aborted) return;
			const gone = error instanceof RefusedError && error.status === 404;
			missing.value = gone ? text.gone : sentenceOf(error, words.value);
		});
		return () => over.abort();
	}, [household, id]);
	const name = household.doorbell(visit?.doorbell ?? "")?.name ?? "";
	return (
		<div class="page visit-page">
			<header class="bar">
				<a class="round" href={paths.home} aria-label={app.back}>
					<Icon name="back" />
				</a>
				<div class="bar-title">
					<h1>{name}</h1>
					{visit && (
						<p>
							{dayLabel(visit.opened_ms, household.nowMs.value, locale.value)},{" "}
							{clockWithSeconds(visit.rang_ms ?? visit.opened_ms, locale.value)}
						</p>
					)}
				</div>
			</header>
			<main class="visit-body" id="content">
				{visit ? (
					<VisitBody visit={visit} name={name} />
				) : (
					<p class="empty" role="status">
						{missing.value || app.loading}
					</p>
				)}
			</main>
		</div>
	);
}

function VisitBody({ visit, name }: { visit: Visit; name: string }) {
	const player = useRef<PlayerHandle>(null);
	const { visit: text } = words.value;
	return (
		<>
			<section class="visit-clip">
				<Player visit={visit} name={name} handle={player} />
				{visit.clip && visit.clip.gaps > 0 && <p class="hint">{text.gaps(visit.clip.gaps)}</p>}
			</section>
			<section class="visit-facts">
				<h2 class="day-label">{text.happened}</h2>
				<ol class="moments">
					{visit.moments.map((moment, index) => (
						<MomentRow
							key={`${moment.at_ms}-${index}`}
							moment={moment}
							onPress={visit.clip ? () => player.current?.seek(moment.at_ms) : undefined}
						/>
					))}
				</ol>
				<Actions visit={visit} />
			</section>
		</>
	);
}

const MOMENT_ICONS: Record<Moment["what"], IconName> = {
	motion: "walk",
	rang: "bell",
	answered: "answer",
	hung_up: "hangUp",
	unlocked: "unlock",
	light_on: "light",
	light_off: "light",
	chimed: "chime",
	quick_reply: "reply",
	missed: "bellOff",
};

function MomentRow({ moment, onPress }: { moment: Moment; onPress: (() => void) | undefined }) {
	const what = words.value.visit.moments[moment.what](moment.who);
	const inside = (
		<>
			<span class="moment-icon">
				<Icon name={MOMENT_ICONS[moment.what]} />
			</span>
			<span class="moment-what">{what}</span>
			<time class="moment-time" dateTime={new Date(moment.at_ms).toISOString()}>
				{clockWithSeconds(moment.at_ms, locale.value)}
			</time>
		</>
	);
	return (
		<li class={`moment ${moment.what}`}>
			{onPress ? (
				<button type="button" class="moment-row" onClick={onPress}>
					{inside}
				</button>
			) : (
				<span class="moment-row">{inside}</span>
			)}
		</li>
	);
}

function Actions({ visit }: { visit: Visit }) {
	const { household } = useSession();
	const asking = useSignal(false);
	const clip = useMediaAddress(visit.clip ? visitPaths.clip(visit.id) : undefined);
	const { visit: text, app } = words.value;
	const remove = async () => {
		asking.value = false;
		try {
			await household.deleteVisit(visit.id);
			notify(text.deleted);
			go(paths.home, "replace");
		} catch (error) {
			notify(sentenceOf(error, words.value), "bad");
		}
	};
	if (asking.value) {
		return (
			<div class="ask" role="alertdialog" aria-label={text.deleteAsk}>
				<p>{text.deleteAsk}</p>
				<div class="actions">
					<button type="button" class="pill quiet" onClick={() => (asking.value = false)}>
						{app.cancel}
					</button>
					<button type="button" class="pill danger" onClick={() => void remove()}>
						<Icon name="trash" />
						{text.deleteYes}
					</button>
				</div>
			</div>
		);
	}
	return (
		<div class="actions">
			{clip && (
				<a class="pill quiet" href={`${clip}&download=1`} download={`${visit.id}.mp4`}>
					<Icon name="download" />
					{text.download}
					{visit.clip && <small>{text.size(visit.clip)}</small>}
				</a>
			)}
			<button type="button" class="pill quiet" onClick={() => (asking.value = true)}>
				<Icon name="trash" />
				{text.delete}
			</button>
		</div>
	);
}
