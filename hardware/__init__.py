"""The doorbell's hardware: ports, a twin that can be driven, and the Raspberry Pi's drivers."""
