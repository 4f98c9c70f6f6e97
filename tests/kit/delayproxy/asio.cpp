// The one translation unit that compiles Asio's own sources for this program (BOOST_ASIO_SEPARATE_COMPILATION).
#include <boost/asio/impl/src.hpp>
