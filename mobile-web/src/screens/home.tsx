import { useSignal } from "@preact/signals";
import { isRinging } from "../household/merge";
import { AllowedTimes } from "../parts/allowed-times";
import { Icon, Mark } from "../parts/icons";
import { notify } from "../parts/notice";
import { Picture } from "../parts/picture";
import { sentenceOf } from "../parts/sentence";
import { useSession } from "../parts/session";
import { TakenOut } from "../parts/taken-out";
import { ago, clock, dayLabel, duration, moment } from "../parts/time";
import type { Doorbell, Visit } from "../protocol.gen";
import { goToCall, paths } from "../router";
import { locale, words } from "../words";

/** Each door as its last picture, and everyone who came. */
export function HomeScreen() {
	const { household } = useSession();
	const doorbells = household.doorbells.value;
	const { home, connection, app } = words.value;
	const waiting = !household.loaded.value && doorbells.length === 0;
	// What a phone saw that was taken out is not for it to look at any more.
	const out = household.unknown.value;
	return (
		<div class="home">
			<header class="bar">
				<Mark />
				<div class="bar-title">
					<h1>{home.title}</h1>
					{!out && <ConnectionLine />}
				</div>
				<a class="round" href={paths.settings} aria-label={app.settings}>
					<Icon name="settings" />
				</a>
			</header>
			<main class="home-body" id="content">
				<section class="doorbells">
					<TakenOut />
					{!out && <Trouble />}
					{!out &&
						doorbells.map((doorbell) => <DoorbellCard key={doorbell.id} doorbell={doorbell} />)}
					{!out && doorbells.length === 0 && (
						<p class="empty">
							{waiting
								? household.connection.value === "offline"
									? connection.offline
									: app.loading
								: home.noDoorbells}
						</p>
					)}
				</section>
				{!out && <Visits />}
			</main>
		</div>
	);
}

function ConnectionLine() {
	const { connection } = useSession().household;
	const text = words.value.connection;
	const line = { online: text.online, connecting: text.connecting, offline: text.offlineShort };
	return (
		<p class={`connection ${connection.value}`} data-testid="connection" role="status">
			{connection.value === "offline" && <Icon name="offline" />}
			<span>{line[connection.value]}</span>
		</p>
	);
}

/** What keeps this phone from seeing more, and who can change it. */
function Trouble() {
	const { household } = useSession();
	const trouble = household.trouble.value;
	const offline = household.connection.value === "offline" && household.doorbells.value.length > 0;
	if (trouble) {
		return (
			<p class="banner bad" role="alert">
				{sentenceOf(trouble, words.value)}
			</p>
		);
	}
	return offline ? <p class="banner">{words.value.connection.offline}</p> : null;
}

function DoorbellCard({ doorbell }: { doorbell: Doorbell }) {
	const session = useSession();
	const { household } = session;
	const now = household.nowMs.value;
	const { latest } = doorbell;
	const someone = latest !== null && latest.closed_ms === null && doorbell.online;
	const rings = latest !== null && isRinging(latest, now);
	const { home, a11y } = words.value;
	const pictured = latest?.snapshot
		? latest
		: household.visits.value.find((visit) => visit.doorbell === doorbell.id && visit.snapshot);

	const watch = () => {
		performance.mark("doorstep:tap");
		session.call(doorbell.id);
		goToCall(paths.call(doorbell.id));
	};
	const mayWatch = doorbell.me.rights.includes("view");
	const warm = () => mayWatch && doorbell.online && session.expectCall(doorbell.id);
	return (
		<article
			class={`doorbell ${doorbell.online ? "" : "is-away"} ${someone ? "has-someone" : ""}`}
			data-testid="doorbell"
			data-doorbell={doorbell.id}
		>
			<button
				type="button"
				class="doorbell-picture"
				data-testid="watch"
				aria-label={home.watch(doorbell.name)}
				disabled={!mayWatch}
				onClick={watch}
				onPointerEnter={warm}
				onPointerDown={warm}
				onFocus={warm}
			>
				<span class="doorbell-empty" aria-hidden="true">
					<Mark />
				</span>
				<Picture visit={pictured} alt={a11y.doorPicture(doorbell.name)} eager />
				{mayWatch && (
					<span class="doorbell-play" aria-hidden="true">
						<Icon name="eye" />
					</span>
				)}
			</button>
			<div class="doorbell-words">
				<h2 class="doorbell-name">{doorbell.name}</h2>
				<p class="doorbell-line">
					<span class={`lamp ${someone ? "someone" : doorbell.online ? "on" : "off"}`} />
					<span>{lineOf(doorbell, rings, someone, now)}</span>
				</p>
				<AllowedTimes me={doorbell.me} />
				{doorbell.online &&
					doorbell.state?.faults.map((fault) => (
						<p class="doorbell-fault" key={fault.part}>
							{words.value.parts[fault.part]}: {fault.detail}
						</p>
					))}
			</div>
		</article>
	);
}

function lineOf(doorbell: Doorbell, rings: boolean, someone: boolean, now: number): string {
	const { home } = words.value;
	const { latest } = doorbell;
	if (!doorbell.online) return home.awaySince(moment(doorbell.since_ms, now, locale.value));
	if (rings) return home.someoneRings;
	if (someone) return home.someoneThere;
	if (!latest) return `${home.online} · ${home.quiet}`;
	const rang = latest.rang_ms !== null;
	const at = latest.rang_ms ?? latest.opened_ms;
	const when = now - at < 60_000 ? words.value.ring.justNow : ago(at, now, locale.value);
	return `${home.online} · ${rang ? home.lastRing(when) : home.lastMotion(when)}`;
}

function Visits() {
	const { household } = useSession();
	const visits = household.visits.value;
	const now = household.nowMs.value;
	const { home, app } = words.value;
	const more = useSignal(false);
	const loadOlder = async () => {
		more.value = true;
		await household.loadOlder().catch((error: unknown) => {
			notify(sentenceOf(error, words.value), "bad");
		});
		more.value = false;
	};
	return (
		<section class="visits" aria-label={home.visits}>
			{days(visits, now).map(([label, items]) => (
				<section key={label} class="day">
					<h2 class="day-label">{label}</h2>
					<ul class="visit-list">
						{items.map((visit) => (
							<VisitRow key={visit.id} visit={visit} />
						))}
					</ul>
				</section>
			))}
			{visits.length === 0 && (
				<p class="empty">{household.loaded.value ? home.noVisits : app.loading}</p>
			)}
			{household.older.value && (
				<button
					type="button"
					class="pill quiet"
					disabled={more.value}
					onClick={() => void loadOlder()}
				>
					{home.more}
				</button>
			)}
		</section>
	);
}

function days(visits: readonly Visit[], now: number): [string, Visit[]][] {
	const found = new Map<string, Visit[]>();
	for (const visit of visits) {
		const label = dayLabel(visit.opened_ms, now, locale.value);
		const day = found.get(label) ?? [];
		day.push(visit);
		found.set(label, day);
	}
	return [...found];
}

function VisitRow({ visit }: { visit: Visit }) {
	const { household } = useSession();
	const many = household.doorbells.value.length > 1;
	const rang = visit.rang_ms !== null;
	const { a11y, visit: text } = words.value;
	return (
		<li>
			<a class="visit" data-testid="visit" data-visit={visit.id} href={paths.visit(visit.id)}>
				<span class={`visit-picture ${rang ? "rang" : ""}`}>
					<Icon name={rang ? "bell" : "walk"} />
					<Picture visit={visit} alt={a11y.visitPicture} />
					{visit.clip && <span class="visit-length">{duration(visit.clip.duration_ms)}</span>}
				</span>
				<span class="visit-words">
					<span class="visit-time">{clock(visit.rang_ms ?? visit.opened_ms, locale.value)}</span>
					<span class="visit-what">
						{rang ? text.ring : text.motion}
						{many && ` · ${household.doorbell(visit.doorbell)?.name ?? ""}`}
					</span>
					<Outcome visit={visit} />
				</span>
				<Icon name="next" />
			</a>
		</li>
	);
}

function Outcome({ visit }: { visit: Visit }) {
	const { visit: text } = words.value;
	if (visit.answered_by) return <span class="outcome">{text.answered(visit.answered_by)}</span>;
	if (visit.closed_ms === null) return <span class="outcome now">{text.now}</span>;
	if (visit.outcome === "missed") return <span class="outcome missed">{text.missed}</span>;
	return null;
}
