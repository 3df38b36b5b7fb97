import { useSignal } from "@preact/signals";
import { useEffect, useLayoutEffect } from "preact/hooks";
import type { Right } from "../household/access";
import { isRinging, lastRang, mayBeHeard } from "../household/merge";
import { AuditWarning } from "../parts/audit-warning";
import { ring } from "../parts/bell";
import { Icon } from "../parts/icons";
import { notify } from "../parts/notice";
import { ReplySheet } from "../parts/reply-sheet";
import { sentenceOf } from "../parts/sentence";
import { useSession } from "../parts/session";
import type { Doorbell, QuickReply, Visit } from "../protocol.gen";
import { ignore } from "../rings";
import { go, goToCall, paths, showsRing } from "../router";
import { words } from "../words";

// "Anna answered" stays long enough to be read and to join.
const ANSWERED_SHOWN_MS = 12_000;
const GONE_SHOWN_MS = 4_000;

interface RingPanelProps {
	visit: Visit;
	doorbell: Doorbell | undefined;
	name: string;
	/** Opened to say something, not to talk. */
	reply: boolean;
}

/** Who is there, since when, and the two thumbs: answer or not. */
export function RingPanel({ visit, doorbell, name, reply: replies }: RingPanelProps) {
	const session = useSession();
	const replying = useSignal(replies);
	const rings = isRinging(visit, session.household.now());
	const may = (right: Right) => doorbell?.me.rights.includes(right) ?? true;
	const mayAnswer = may("view");
	const { ring: text } = words.value;

	useLayoutEffect(() => {
		performance.mark("doorstep:ring-shown", { detail: visit.id });
	}, [visit.id]);
	useEffect(() => {
		if (mayAnswer) session.expectCall(visit.doorbell, visit.id);
		return () => session.warm.drop();
	}, [session, visit.id, mayAnswer]);
	const heard = rings && mayBeHeard(visit);
	useEffect(() => (heard ? ring() : undefined), [heard]);
	useFallAway(visit);

	const answer = () => {
		performance.mark("doorstep:tap");
		session.call(visit.doorbell, visit.id);
		goToCall(paths.call(visit.doorbell, visit.id), "replace");
	};
	const reply = async (sentence: QuickReply["reply"]) => {
		replying.value = false;
		notify(text.saying(words.value.replies[sentence]));
		ignore(visit.id);
		go(paths.home, "replace");
		try {
			await session.say(visit.doorbell, sentence);
			notify(text.said);
		} catch (error) {
			notify(sentenceOf(error, words.value), "bad");
		}
	};
	return (
		<div class="ring" data-testid="ring-screen">
			<header class="door-top">
				<h1 class="door-name">{name}</h1>
				<p class="door-line" role="status" aria-live="assertive">
					<RingLine visit={visit} />
				</p>
			</header>
			<AuditWarning doorbell={visit.doorbell} />
			<footer class="ring-actions">
				{replying.value ? (
					<ReplySheet
						onReply={(sentence) => void reply(sentence)}
						onClose={() => (replying.value = false)}
					/>
				) : (
					<>
						{may("talk") && !visit.answered_by && (
							<button
								type="button"
								class="pill on-picture"
								data-testid="quick-reply"
								onClick={() => (replying.value = true)}
							>
								<Icon name="reply" />
								{text.quickReply}
							</button>
						)}
						<div class="ring-thumbs">
							<button
								type="button"
								class="thumb ignore"
								data-testid="ignore"
								onClick={() => {
									ignore(visit.id);
									go(paths.home, "replace");
								}}
							>
								<span class="thumb-disc">
									<Icon name="bellOff" />
								</span>
								<span class="control-label">{text.ignore}</span>
							</button>
							{mayAnswer && (
								<button type="button" class="thumb answer" data-testid="answer" onClick={answer}>
									<span class="thumb-disc">
										<Icon name="answer" filled />
									</span>
									<span class="control-label">{visit.answered_by ? text.join : text.answer}</span>
								</button>
							)}
						</div>
					</>
				)}
			</footer>
		</div>
	);
}

function RingLine({ visit }: { visit: Visit }) {
	const { household } = useSession();
	const now = useSignal(household.now());
	const { ring: text, visit: visits, home } = words.value;
	useEffect(() => {
		const timer = setInterval(() => {
			now.value = household.now();
		}, 1000);
		return () => clearInterval(timer);
	}, [household, now]);
	if (visit.answered_by) return <>{visits.answered(visit.answered_by)}</>;
	if (visit.closed_ms !== null) return <>{text.closed}</>;
	const seconds = Math.max(0, Math.round((now.value - lastRang(visit)) / 1000));
	return (
		<>
			{home.someoneRings}
			{/* Screen readers hear who is there once, not every second. */}
			<span aria-hidden="true"> · {seconds < 3 ? text.justNow : text.ago(seconds)}</span>
		</>
	);
}

/** The ring leaves by itself once somebody answered, or they have gone. */
function useFallAway(visit: Visit): void {
	const over = visit.answered_by !== null || visit.closed_ms !== null;
	const pause = visit.closed_ms !== null ? GONE_SHOWN_MS : ANSWERED_SHOWN_MS;
	useEffect(() => {
		if (!over) return;
		const timer = setTimeout(() => {
			if (showsRing(visit.id)) go(paths.home, "replace");
		}, pause);
		return () => clearTimeout(timer);
	}, [over, pause, visit.id]);
}
