// libsrtp 3's interface, as far as mediasoup's worker uses it, over libsrtp 2.5.
//
// Version 3 reads a packet from one buffer and writes the result to another, whose room it is told. Version 2 works in
// place and trusts that the buffer has room. So: check the room, copy, then let version 2 work on the copy.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <srtp2/srtp.h>

// Codes that came with version 3. Version 2 never returns them; the worker only compares against them.
#define srtp_err_status_buffer_small (static_cast<srtp_err_status_t>(28))
#define srtp_err_status_cryptex_err (static_cast<srtp_err_status_t>(29))

namespace portvakt
{
	// Runs an in-place version 2 function that may add up to `growth` bytes to the packet.
	template<typename InPlace>
	inline srtp_err_status_t outOfPlace(
	  InPlace inPlace, std::size_t growth, const std::uint8_t* source, std::size_t sourceLength, std::uint8_t* target, std::size_t* targetLength)
	{
		if (sourceLength + growth > *targetLength)
		{
			return srtp_err_status_buffer_small;
		}

		if (target != source)
		{
			std::memmove(target, source, sourceLength);
		}

		int length                     = static_cast<int>(sourceLength);
		const srtp_err_status_t status = inPlace(target, &length);

		*targetLength = static_cast<std::size_t>(length);

		return status;
	}

	// SRTCP adds the E flag and index (RFC 3711 §3.4) on top of what SRTP may add.
	constexpr std::size_t SrtpGrowth  = SRTP_MAX_TRAILER_LEN;
	constexpr std::size_t SrtcpGrowth = SRTP_MAX_TRAILER_LEN + 4;
} // namespace portvakt

inline srtp_err_status_t srtp_stream_remove(srtp_t session, std::uint32_t ssrc)
{
	return srtp_remove_stream(session, ssrc);
}

inline srtp_err_status_t srtp_protect(
  srtp_t session, const std::uint8_t* rtp, std::size_t rtpLength, std::uint8_t* srtp, std::size_t* srtpLength, std::size_t /*mkiIndex*/)
{
	return portvakt::outOfPlace(
	  [session](std::uint8_t* data, int* length) { return srtp_protect(session, data, length); },
	  portvakt::SrtpGrowth, rtp, rtpLength, srtp, srtpLength);
}

inline srtp_err_status_t srtp_unprotect(
  srtp_t session, const std::uint8_t* srtp, std::size_t srtpLength, std::uint8_t* rtp, std::size_t* rtpLength)
{
	return portvakt::outOfPlace(
	  [session](std::uint8_t* data, int* length) { return srtp_unprotect(session, data, length); },
	  0, srtp, srtpLength, rtp, rtpLength);
}

inline srtp_err_status_t srtp_protect_rtcp(
  srtp_t session, const std::uint8_t* rtcp, std::size_t rtcpLength, std::uint8_t* srtcp, std::size_t* srtcpLength, std::size_t /*mkiIndex*/)
{
	return portvakt::outOfPlace(
	  [session](std::uint8_t* data, int* length) { return srtp_protect_rtcp(session, data, length); },
	  portvakt::SrtcpGrowth, rtcp, rtcpLength, srtcp, srtcpLength);
}

inline srtp_err_status_t srtp_unprotect_rtcp(
  srtp_t session, const std::uint8_t* srtcp, std::size_t srtcpLength, std::uint8_t* rtcp, std::size_t* rtcpLength)
{
	return portvakt::outOfPlace(
	  [session](std::uint8_t* data, int* length) { return srtp_unprotect_rtcp(session, data, length); },
	  0, srtcp, srtcpLength, rtcp, rtcpLength);
}
