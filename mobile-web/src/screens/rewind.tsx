import { Icon } from "../parts/icons";
import { type Rewind, relativeTo, type Seen } from "../parts/rewind";
import { duration } from "../parts/time";
import { type Words, words } from "../words";

/** What was seen, on the place of the live picture. */
export function RewindPicture({ rewind }: { rewind: Rewind }) {
	const { rewind: text } = words.value;
	const seen = rewind.seen.value;
	if (!seen) return null;
	return (
		<video
			key={seen.address}
			ref={(element) => {
				rewind.video = element;
			}}
			class="rewind-video"
			data-testid="rewind-video"
			src={seen.address}
			aria-label={text.title}
			playsInline
			autoPlay
			onClick={() => rewind.toggle()}
			onPlay={() => (rewind.playing.value = true)}
			onPause={() => (rewind.playing.value = false)}
			onTimeUpdate={(event) => (rewind.atMs.value = event.currentTarget.currentTime * 1000)}
			onError={() => rewind.broken(text.broken)}
		/>
	);
}

interface RewindPanelProps {
	rewind: Rewind;
	/** When it rang, by the doorbell's clock. */
	rangMs: number | null;
	onClose: () => void;
}

/** What the door saw just now; the live picture stands small beside it. */
export function RewindPanel({ rewind, rangMs, onClose }: RewindPanelProps) {
	const { rewind: text } = words.value;
	const seen = rewind.seen.value;
	const problem = rewind.problem.value;
	return (
		<section class="rewind" data-testid="rewind" aria-label={text.title}>
			{seen && <RewindBar seen={seen} rangMs={rangMs} rewind={rewind} />}
			{!seen && (
				<div class="rewind-wait">
					{problem === null ? (
						<Progress share={rewind.share.value} />
					) : (
						<p class="rewind-problem" role="alert">
							{problem || text.failed}
						</p>
					)}
				</div>
			)}
			<button
				type="button"
				class="pill on-picture rewind-close"
				data-testid="rewind-close"
				onClick={onClose}
			>
				<span class="lamp on" />
				{text.toLive}
			</button>
		</section>
	);
}

function Progress({ share }: { share: number }) {
	const { rewind: text } = words.value;
	return (
		<div
			class="rewind-progress"
			data-testid="rewind-progress"
			role="progressbar"
			aria-label={text.fetching}
			aria-valuemin={0}
			aria-valuemax={100}
			aria-valuenow={Math.round(share * 100)}
		>
			<span>{text.fetching}</span>
			<span class="rewind-track">
				<span class="rewind-done" style={{ transform: `scaleX(${share})` }} />
			</span>
		</div>
	);
}

interface RewindBarProps {
	seen: Seen;
	rangMs: number | null;
	rewind: Rewind;
}

function RewindBar({ seen, rangMs, rewind }: RewindBarProps) {
	const { rewind: text, visit } = words.value;
	const length = Math.max(1, seen.durationMs);
	const atMs = rewind.atMs.value;
	const playing = rewind.playing.value;
	const where = whereOf(seen, rangMs, atMs, words.value);
	const ringAt = rangMs === null ? -1 : (rangMs - seen.startsMs) / length;
	return (
		<div class="rewind-bar">
			<button
				type="button"
				class="round on-picture"
				aria-label={playing ? visit.pause : visit.play}
				onClick={() => rewind.toggle()}
			>
				<Icon name={playing ? "pause" : "play"} filled={!playing} />
			</button>
			<div class="rewind-scrub">
				<span class="rewind-track" aria-hidden="true">
					<span
						class="rewind-done"
						style={{ transform: `scaleX(${Math.min(1, atMs / length)})` }}
					/>
				</span>
				{ringAt >= 0 && ringAt <= 1 && (
					<span class="rewind-ring" style={{ left: `${ringAt * 100}%` }} aria-hidden="true">
						<Icon name="bell" />
					</span>
				)}
				<input
					type="range"
					class="timeline-input"
					min={0}
					max={length}
					step={100}
					value={atMs}
					aria-label={text.position}
					aria-valuetext={where}
					onInput={(event) => rewind.jump(Number(event.currentTarget.value))}
				/>
			</div>
			<p class="rewind-where" data-testid="rewind-where">
				<span>{where}</span>
				<span class="rewind-clock">
					{duration(atMs)} / {duration(length)}
				</span>
			</p>
		</div>
	);
}

/** "6 s before the ring", "3 s ago". */
function whereOf(seen: Seen, rangMs: number | null, atMs: number, { rewind }: Words): string {
	const { from, seconds } = relativeTo(seen, rangMs, atMs);
	if (from === "end") return rewind.ago(-seconds);
	if (seconds === 0) return rewind.atRing;
	return seconds < 0 ? rewind.beforeRing(-seconds) : rewind.afterRing(seconds);
}
