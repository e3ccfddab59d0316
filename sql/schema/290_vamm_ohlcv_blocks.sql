-- for each rollup
-- A page of a chart is half a thousand rows: blocks of one granule, not of two, are half as much to read and to unpack. Parts written from now on.
ALTER TABLE vamm_ohlcv_{{resolution}} MODIFY SETTING min_compress_block_size = 16384
