"""What a user would pick instead of Doorstep, run beside it: stock aiortc, go2rtc, MediaMTX."""
