// The numbers of the tty calls (asm-generic/ioctls.h), under names of our own.
//
// No system header is included: the shim is built without a libc's headers, and <sys/ioctl.h> turns these words into macros.
// Values are those of asm-generic (x86, ARM, RISC-V).
#pragma once

#include <cstdint>

namespace farpty::ttycall::io {

inline constexpr std::uint32_t kTcgets = 0x5401, kTcsets = 0x5402, kTcsetsw = 0x5403, kTcsetsf = 0x5404,
                               kTcgeta = 0x5405, kTcseta = 0x5406, kTcsetaw = 0x5407, kTcsetaf = 0x5408,
                               kTcsbrk = 0x5409, kTcxonc = 0x540a, kTcflsh = 0x540b, kTiocexcl = 0x540c,
                               kTiocnxcl = 0x540d, kTiocsctty = 0x540e, kTiocgpgrp = 0x540f, kTiocspgrp = 0x5410,
                               kTiocoutq = 0x5411, kTiocsti = 0x5412, kTiocgwinsz = 0x5413, kTiocswinsz = 0x5414,
                               kFionread = 0x541b, kTiocpkt = 0x5420, kFionbio = 0x5421, kTiocnotty = 0x5422,
                               kTiocsetd = 0x5423, kTiocgetd = 0x5424, kTcsbrkp = 0x5425, kTiocgsid = 0x5429,
                               kTcgets2 = 0x802c542a, kTcsets2 = 0x402c542b, kTcsetsw2 = 0x402c542c,
                               kTcsetsf2 = 0x402c542d, kTiocgptn = 0x80045430, kTiocsptlck = 0x40045431,
                               kTiocgdev = 0x80045432, kTiocsig = 0x40045436, kTiocgpkt = 0x80045438,
                               kTiocgptlck = 0x80045439, kTiocgexcl = 0x80045440, kTiocgptpeer = 0x5441,
                               kFionclex = 0x5450, kFioclex = 0x5451, kFioasync = 0x5452, kFioqsize = 0x5460;

}  // namespace farpty::ttycall::io
