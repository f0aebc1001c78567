/* SPDX-License-Identifier: MIT */
/* psk_sessions: two handshakes as they went with a server of GnuTLS 3.7.9, for the unit
 * tests and the fuzzers. With the same random bytes the client must send the same again.
 *
 *   gnutls-serv --echo --pskpasswd keys --priority NORMAL:-KX-ALL:+DHE-PSK (and +PSK)
 *
 * `keys` has the line alice:00112233445566778899aabbccddeeff; random byte i is 7 i + 1.
 */
#ifndef PSK_SESSIONS_H
#define PSK_SESSIONS_H

#include <stdint.h>

#define SESSION_USER "alice"
#define SESSION_KEY "00112233445566778899aabbccddeeff"

/* In hexadecimal digits: what one side sent, and what the other answered. */
struct psk_session {
  unsigned suite;
  const char *hello, *server_hello, *client_finished, *server_finished;
};

static const struct psk_session psk_sessions[] = {
  {
      .suite = 0x00AA,
      .hello = "160303004601000042030301080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da00000400aa"
               "00a801000015ff0100010000170000000a00080006010001010102",
      .server_hello = "160303005502000051030371744962b2ee0884871402afde665c29c54c0a723c292e7c444f574e47524401207cd4fd75"
                      "86779ad02d15f89996b65befb57edd0b69c1ed5b55dcd68939f73a5600aa00000900170000ff01000100160303020d0c"
                      "00020900000100ffffffffffffffffadf85458a2bb4a9aafdc5620273d3cf1d8b9c583ce2d3695a9e13641146433fbcc"
                      "939dce249b3ef97d2fe363630c75d8f681b202aec4617ad3df1ed5d5fd65612433f51f5f066ed0856365553ded1af3b5"
                      "57135e7f57c935984f0c70e0e68b77e2a689daf3efe8721df158a136ade73530acca4f483a797abc0ab182b324fb61d1"
                      "08a94bb2c8e3fbb96adab760d7f4681d4f42a3de394df4ae56ede76372bb190b07a7c8ee0a6d709e02fce1cdf7e2ecc0"
                      "3404cd28342f619172fe9ce98583ff8e4f1232eef28183c3fe3b1b4c6fad733bb5fcbc2ec22005c58ef1837d1683b2c6"
                      "f34a26c1b2effa886b423861285c97ffffffffffffffff00010201002e793732aa57c1c6ea04423ad50238d7ea3c57a4"
                      "cf0655b9258c599d44e909d66f9f27d82e901f02c6c160025bba5c0349f23534212a8daded765f3bc9754fde7853b7b6"
                      "9fad66fd27a5184b35a761b7022a929b7b723d5a9a8cd40c0afdb7c7b372518cdc43215c176e89a23dd80bbd61cf8f63"
                      "1804512af48c33e60bb84fb009f19da4dd1a88d8bcb01f81d1cbbd234c18e0266fe154dd19842bcd523bb73816d0e4fd"
                      "7d10afaca943de313908189413722a2e015ef75b2627b9c648e6f5c90ad20adfcddfb87a26c34e7c3d3071595f22683c"
                      "ad93e2fb2e2ba601ba2363e87625533d54de93d44ff468c0745c3198e287fbac4bf2e01724d09b22097b1ffc16030300"
                      "040e000000",
      .client_finished =
          "160303010d100001090005616c6963650100ccbad39afab4ecb99cf79a3454e18715dacad2e0a9e0333ff8802151f8c8"
          "2a542981c9f01ad4f5eedcc71cae417a8e9f70ba903884ea3fe10ac9c88a09c156bba0f835ce8b5e162f74686582f9d5"
          "298e03124a893e64d7068da35e1dbac748ab7ee4dffccf32a0e9e96e9c27b1282fba487b624c50a45750a0d5e2189ccc"
          "32c1c1e00a72fcc296f87415cead4ecd54985939514ef228c3c65fbb58489233858e499291971ac522fbe08d3b6efa4f"
          "82786239210744afc11edb6ea626b786c7d775c193e43ae1bf547966e875b2ae9ca3f89a12668cda1c94f4d4334eef9b"
          "06b2631205cc9d09e829aa4598d567dd96d52d9c057355938df2d7ab0d80bfd307351403030001011603030028000000"
          "0000000000db0d6a1bddcce5d25695843393acb6c51d004640daea4ab0c2eb1b0814d469b9",
      .server_finished =
          "14030300010116030300280000000000000000fab90e6726a685c6d9bfba51f7f6aa30dd8f59af1dde080d8e89509d52"
          "bad9c0",
  },
  {
      .suite = 0x00A8,
      .hello = "160303004601000042030301080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da00000400aa"
               "00a801000015ff0100010000170000000a00080006010001010102",
      .server_hello = "1603030055020000510303f48775e28613b750468508469567b0241108fc15f0b7c150444f574e47524401209e2b9ab3"
                      "951a960b0f96a96d4a1e2fe4c1d473472a076ee861bb157d614f665400a800000900170000ff0100010016030300040e"
                      "000000",
      .client_finished =
          "160303000b100000070005616c69636514030300010116030300280000000000000000d374fd395c125e06e16da935d7"
          "e252da3416a124a995cfb7c040083ed2d6d19a",
      .server_finished =
          "14030300010116030300280000000000000000966b4d63ab24dfc71607003d9b3861fa660cf61019c23698329053686c"
          "61c4a2",
  },
};

#endif
