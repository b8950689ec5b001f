-- Trino's functions, each by its name with trino_ before it, where DuckDB's of that name lack or mean something else.
-- What begins with _ is written in Python.
CREATE MACRO trino_json_extract_scalar(text, path) AS _json_extract_scalar(text, path);
CREATE MACRO trino_json_extract(text, path) AS _json_extract(text, path);
CREATE MACRO trino_json_parse(text) AS _json_parse(text);
CREATE MACRO trino_json_format(text) AS text;

CREATE MACRO trino_regexp_like(text, pattern) AS _regexp_like(text, pattern);
CREATE MACRO trino_regexp_extract(text, pattern) AS _regexp_extract(text, pattern, 0),
    (text, pattern, part) AS _regexp_extract(text, pattern, part);
CREATE MACRO trino_regexp_replace(text, pattern) AS _regexp_replace(text, pattern, ''),
    (text, pattern, new) AS _regexp_replace(text, pattern, new);

CREATE MACRO trino_url_decode(text) AS _url_decode(text);
CREATE MACRO trino_url_encode(text) AS _url_encode(text);

CREATE MACRO trino_from_unixtime(seconds) AS
    make_timestamptz(CAST(round(CAST(seconds AS DOUBLE) * 1000) AS BIGINT) * 1000);
CREATE MACRO trino_to_unixtime(moment) AS CAST(epoch_us(moment) AS DOUBLE) / 1e6;
CREATE MACRO trino_to_iso8601(moment) AS CASE typeof(moment)
    WHEN 'DATE' THEN strftime(moment, '%Y-%m-%d')
    WHEN 'TIMESTAMP' THEN strftime(moment, '%Y-%m-%dT%H:%M:%S.%g')
    ELSE strftime(moment, '%Y-%m-%dT%H:%M:%S.%gZ') END;
CREATE MACRO trino_from_iso8601_timestamp(text) AS make_timestamptz(_from_iso8601(text));
CREATE MACRO trino_from_iso8601_date(text) AS CAST(_iso_date(text) AS DATE);
CREATE MACRO trino_date_format(moment, format) AS strftime(moment, _mysql_format(format));

-- From a place that is not in the text there is nothing, and not the whole text.
CREATE MACRO trino_substr(text, first) AS CASE
    WHEN first <> 0 AND abs(first) <= length(text) THEN substr(text, first)
    WHEN text IS NOT NULL AND first IS NOT NULL THEN '' END,
    (text, first, count) AS CASE
    WHEN first <> 0 AND abs(first) <= length(text) AND count > 0 THEN substr(text, first, count)
    WHEN text IS NOT NULL AND first IS NOT NULL AND count IS NOT NULL THEN '' END;
CREATE MACRO trino_split_part(text, separator, n) AS _split_part(text, separator, n);

-- CAST to a text, and to a whole number.
CREATE MACRO trino_text(value) AS CASE typeof(value)
    WHEN 'DOUBLE' THEN _double(TRY_CAST(value AS DOUBLE))
    WHEN 'FLOAT' THEN _double(TRY_CAST(value AS DOUBLE))
    WHEN 'TIMESTAMP' THEN strftime(TRY_CAST(value AS TIMESTAMP), '%Y-%m-%d %H:%M:%S.%g')
    WHEN 'TIMESTAMP WITH TIME ZONE' THEN strftime(TRY_CAST(value AS TIMESTAMPTZ), '%Y-%m-%d %H:%M:%S.%g UTC')
    ELSE CAST(value AS VARCHAR) END;
CREATE MACRO trino_whole(value) AS CASE typeof(value)
    WHEN 'VARCHAR' THEN _whole(CAST(value AS VARCHAR)) ELSE CAST(value AS BIGINT) END;
