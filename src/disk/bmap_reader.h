/* SPDX-License-Identifier: MIT */
/* bmap_reader: reads bmaptool's block maps, of versions 1.2, 1.3, 1.4 and 2.0.
 *
 *   <?xml version="1.0" ?>
 *   <bmap version="2.0">
 *     <ImageSize> 821752 </ImageSize>                  bytes
 *     <BlockSize> 4096 </BlockSize>                    bytes
 *     <BlocksCount> 201 </BlocksCount>                 the last one may be cut by the image's end
 *     <MappedBlocksCount> 3 </MappedBlocksCount>       those of all ranges together
 *     <ChecksumType> sha256 </ChecksumType>            of all digests here; not before 1.4, which is 2.0 by mistake: it is sha1
 *     <BmapFileChecksum> HEX </BmapFileChecksum>       of this file, with zeros in the place of its digits; in 1.3 BmapFileSHA1,
 *                                                      and none before
 *     <BlockMap>
 *       <Range chksum="HEX"> 0-1 </Range>              in 1.2 and 1.3 sha1="HEX"; may have none
 *       <Range chksum="HEX"> 3 </Range>
 *     </BlockMap>
 *   </bmap>
 *
 * Whatever isn't so is refused with its line: elements that are missing, that nobody knows or that come twice, ranges that aren't
 * in order, sums that don't agree, a digest of the file that isn't its own. What the map says is to be believed only
 * once all of it was read, since its digest is the last thing that is known.
 *
 * Pure: bytes come in parts of any size.
 */
#ifndef DECANT_BMAP_READER_H
#define DECANT_BMAP_READER_H

#include "disk/bmap.h"
#include "disk/xml.h"
#include "hash/hash.h"

#define BMAP_ELEMENTS 10

struct bmap_reader {
  struct xml xml;
  struct bmap *bmap;
  unsigned version;               /* 100 times the major one, and the minor one; 0: not known yet */
  bool has_kind;                  /* of digests */
  unsigned seen;                  /* a bit for each kind of element that came */
  int element;                    /* of the innermost that is open: a row of the table */
  bool has_text;                  /* it had some */
  uint64_t blocks;                /* of the image */
  uint64_t mapped;                /* of the ranges, as the map has it ... */
  uint64_t ranges;                /* ... and as they are */
  uint64_t blocks_used;           /* where the last range ends */
  struct bmap_range range;        /* whose element is open */
  uint8_t digest[HASH_BYTES_MAX]; /* of the file, as it says */
  struct hash hashes[HASH_KINDS]; /* of the file so far; of all kinds, until its own is known */
};

/* Begins a map; both may be uninitialised memory. */
void bmap_reader_init(struct bmap_reader *reader, struct bmap *bmap, const char *file);

/* Takes the next bytes of the file. Returns 0, or -1 with the fault set: then what was read means nothing. */
int bmap_reader_take(struct bmap_reader *reader, const char *bytes, size_t length, struct fault *fault);

/* There are no more. Returns 0 where this was a block map, or -1 with the fault set. */
int bmap_reader_end(struct bmap_reader *reader, struct fault *fault);

#endif
