/* Put at the end of a page by report_browser.sh: looks at what the browser made of it, and writes what is
 * not as it should be into the document, a line each, and last the line "looked". */
(function () {
    'use strict';
    var problems = [];

    function need(so, what) {
        if (!so)
            problems.push(what);
    }

    function colour(name) {
        return name.match(/[\d.]+/g).slice(0, 3).map(Number);
    }

    /* Relative luminance and contrast as WCAG 2 has them. */
    function luminance(rgb) {
        var linear = rgb.map(function (value) {
            var part = value / 255;
            return part <= 0.03928 ? part / 12.92 : Math.pow((part + 0.055) / 1.055, 2.4);
        });
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
    }

    function contrast(one, other) {
        var a = luminance(colour(one)) + 0.05, b = luminance(colour(other)) + 0.05;
        return Math.max(a, b) / Math.min(a, b);
    }

    function has_line(chart) {
        return Array.from(chart.querySelectorAll('path.line')).some(function (path) {
            return path.getTotalLength() > 100;
        });
    }

    function has_marks(chart) {
        return Array.from(chart.querySelectorAll('.bar, .mark')).some(function (mark) {
            var box = mark.getBoundingClientRect();
            return box.width > 1 && box.height > 1;
        });
    }

    function look_at_chart(name) {
        var chart = document.getElementById('chart-' + name);

        need(chart, 'chart ' + name + ' is not there');
        if (!chart)
            return;
        var box = chart.getBoundingClientRect(), card = getComputedStyle(chart.closest('section'));
        need(box.width > 60 && box.height > 60, 'chart ' + name + ' is too small to see');
        need(/^(curve|tenant|time|saved)/.test(name) ? has_line(chart) : has_marks(chart),
             'nothing is drawn in chart ' + name);
        chart.querySelectorAll('text').forEach(function (text) {
            var ratio = contrast(getComputedStyle(text).fill, card.backgroundColor);
            need(ratio >= 4.5, 'text in chart ' + name + ' has a contrast of ' + ratio.toFixed(1));
            var place = text.getBoundingClientRect();
            var frame = chart.closest('section').getBoundingClientRect();
            need(place.left >= frame.left && place.right <= frame.right + 0.5,
                 'text in chart ' + name + ' leaves its card: ' + text.textContent);
        });
        chart.querySelectorAll('div.name').forEach(function (text) {
            need(text.getBoundingClientRect().left >= chart.closest('section').getBoundingClientRect().left,
                 'a name in chart ' + name + ' leaves its card: ' + text.textContent);
            need(text.clientHeight > 12, 'a name in chart ' + name + ' has no room');
        });
    }

    function look_at_pointer() {
        var tip = document.getElementById('tip'), strip = document.querySelector('#chart-curve g.at rect');

        strip.dispatchEvent(new PointerEvent('pointermove', {bubbles: true, clientX: 5, clientY: 5}));
        need(!tip.hidden && /hits/.test(tip.textContent), 'the pointer shows nothing');
        document.body.dispatchEvent(new PointerEvent('pointermove', {bubbles: true}));
        need(tip.hidden, 'what the pointer showed stays');
    }

    function look_at_tables() {
        var tables = Array.from(document.querySelectorAll('details'));

        need(tables.length >= 7, 'there are ' + tables.length + ' tables');
        dispatchEvent(new Event('beforeprint'));
        need(tables.every(function (table) { return table.open; }), 'print has not all tables');
    }

    function look_at_scheme() {
        var light = luminance(colour(getComputedStyle(document.body).backgroundColor)) > 0.5;

        need(light !== matchMedia('(prefers-color-scheme: dark)').matches, 'the scheme is not followed');
        need(light !== (EXPECTED.scheme === 'dark'), 'the browser has another scheme than it was told');
    }

    EXPECTED.charts.forEach(look_at_chart);
    need(document.documentElement.scrollWidth <= innerWidth, 'the page is wider than the screen');
    need(innerWidth === EXPECTED.width, 'the screen is ' + innerWidth + ' wide');
    need(typeof window.planted === 'undefined', 'a tenant became a script');
    need(document.body.textContent.includes(EXPECTED.tenant), 'the tenant is not there as text');
    need(document.scripts.length === 2, 'there are ' + document.scripts.length + ' scripts');
    need(performance.getEntriesByType('resource').length === 0, 'something was loaded');
    need(!/NaN|Infinity|undefined/.test(document.querySelector('main').innerHTML), 'a number is none');
    look_at_pointer();
    look_at_tables();
    look_at_scheme();

    var result = document.createElement('pre');
    result.id = 'probe';
    result.textContent = problems.map(function (line) { return 'FAILED: ' + line + '\n'; }).join('') + 'looked';
    document.body.append(result);
})();
