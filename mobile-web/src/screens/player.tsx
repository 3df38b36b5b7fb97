import { useSignal } from "@preact/signals";
import type { RefObject } from "preact";
import { useImperativeHandle, useRef } from "preact/hooks";
import { visitPaths } from "../api/client";
import { Icon, Mark } from "../parts/icons";
import { Picture, useMediaAddress, usePictureAddress } from "../parts/picture";
import { duration } from "../parts/time";
import type { Visit } from "../protocol.gen";
import { words } from "../words";
import { PreviewStrip } from "./preview-strip";

// Landing a moment earlier shows what led to it.
const LEAD_MS = 1_000;

export interface PlayerHandle {
	/** Show the picture of that time, by the doorbell's clock. */
	seek: (atMs: number) => void;
}

interface PlayerProps {
	visit: Visit;
	name: string;
	handle: RefObject<PlayerHandle | null>;
}

/** The clip, with the press and everything else marked on its timeline. */
export function Player({ visit, name, handle }: PlayerProps) {
	const { clip } = visit;
	const video = useRef<HTMLVideoElement>(null);
	const address = useMediaAddress(clip ? visitPaths.clip(visit.id) : undefined);
	const poster = usePictureAddress(visit);
	const playing = useSignal(false);
	const broken = useSignal(false);
	const atMs = useSignal(0);
	const { visit: text, a11y } = words.value;
	const length = Math.max(1, clip?.duration_ms ?? 1);

	const jump = (ms: number) => {
		if (!video.current) return;
		video.current.currentTime = Math.min(length, Math.max(0, ms)) / 1000;
		atMs.value = ms;
	};
	const toggle = () => {
		const element = video.current;
		if (!element) return;
		if (element.paused) element.play().catch(() => undefined);
		else element.pause();
	};
	useImperativeHandle(
		handle,
		() => ({
			seek: (moment) => {
				jump(moment - (clip?.starts_ms ?? 0) - LEAD_MS);
				void video.current?.play().catch(() => undefined);
			},
		}),
		[clip?.starts_ms],
	);
	if (!clip) {
		return (
			<div class="player">
				<div class="player-picture">
					<Mark />
					<Picture visit={visit} alt={a11y.visitPicture} eager />
				</div>
				<p class="hint">{visit.closed_ms === null ? text.recording : text.noClip}</p>
			</div>
		);
	}
	return (
		<div class="player">
			<div class="player-picture">
				{address && (
					<video
						ref={video}
						data-testid="clip-video"
						aria-label={text.title(name)}
						src={address}
						poster={poster}
						playsInline
						preload="metadata"
						onClick={toggle}
						onPlay={() => (playing.value = true)}
						onPause={() => (playing.value = false)}
						onTimeUpdate={(event) => (atMs.value = event.currentTarget.currentTime * 1000)}
						onError={() => (broken.value = true)}
					/>
				)}
				{!playing.value && !broken.value && (
					<span class="player-big" aria-hidden="true">
						<Icon name="play" filled />
					</span>
				)}
			</div>
			{broken.value && (
				<p class="hint bad" role="alert">
					{text.clipBroken}
				</p>
			)}
			<div class="player-bar">
				<button
					type="button"
					class="round"
					aria-label={playing.value ? text.pause : text.play}
					onClick={toggle}
				>
					<Icon name={playing.value ? "pause" : "play"} filled={!playing.value} />
				</button>
				<Timeline visit={visit} length={length} atMs={atMs.value} onJump={jump} />
				<span class="player-time">
					{duration(atMs.value)} / {duration(length)}
				</span>
			</div>
			{clip.preview && (
				<PreviewStrip
					visit={visit}
					preview={clip.preview}
					length={length}
					atMs={atMs.value}
					onJump={jump}
				/>
			)}
		</div>
	);
}

interface TimelineProps {
	visit: Visit;
	length: number;
	atMs: number;
	onJump: (ms: number) => void;
}

function Timeline({ visit, length, atMs, onJump }: TimelineProps) {
	const { visit: text } = words.value;
	const starts = visit.clip?.starts_ms ?? 0;
	const share = (ms: number) => `${Math.min(100, Math.max(0, (ms / length) * 100))}%`;
	return (
		<div class="timeline">
			<span class="timeline-track" aria-hidden="true">
				<span class="timeline-played" style={{ width: share(atMs) }} />
			</span>
			{visit.moments.map((moment, index) => (
				<span
					key={`${moment.at_ms}-${index}`}
					class={`timeline-mark ${moment.what}`}
					style={{ left: share(moment.at_ms - starts) }}
					aria-hidden="true"
				/>
			))}
			<input
				type="range"
				class="timeline-input"
				min={0}
				max={length}
				step={100}
				value={atMs}
				aria-label={text.position}
				aria-valuetext={duration(atMs)}
				onInput={(event) => onJump(Number(event.currentTarget.value))}
			/>
			{visit.rang_ms !== null && (
				<button
					type="button"
					class="timeline-press"
					style={{ left: share(visit.rang_ms - starts) }}
					aria-label={text.jumpToPress}
					onClick={() => onJump((visit.rang_ms ?? starts) - starts - LEAD_MS)}
				>
					<Icon name="bell" />
				</button>
			)}
		</div>
	);
}
