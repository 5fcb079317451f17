#include "report/style.h"

#include <stddef.h>

/* One blue, and greys. Whatever has a colour has a shape, a place, or a sign of its own besides. Print is
 * light, whatever the screen is. */
const char *const page_style[] = {
    ":root{color-scheme:light dark;--back:#fbfbfa;--card:#fff;--ink:#1d2125;--soft:#5c646d;"
    "--line:#e3e5e8;--base:#9aa2ab;--accent:#0b5fbe;--wash:#0b5fbe1c;--track:#d5d9de}",
    "@media screen and (prefers-color-scheme:dark){:root{--back:#111417;--card:#181c20;"
    "--ink:#e8ebee;--soft:#a0a8b1;--line:#2b3036;--base:#6b747d;--accent:#5aa7ff;"
    "--wash:#5aa7ff26;--track:#3a4149}}",
    "*{box-sizing:border-box}",
    "body{margin:0;background:var(--back);color:var(--ink);font:16px/1.55 system-ui,sans-serif;"
    "-webkit-text-size-adjust:100%}",
    "main{max-width:1080px;margin:0 auto;padding:40px 24px 32px}",
    "h1{font-size:28px;line-height:1.2;margin:0 0 4px;overflow-wrap:anywhere}",
    "h2{font-size:20px;line-height:1.3;margin:0 0 8px}",
    "p{margin:0 0 16px;max-width:72ch}",
    "header p{color:var(--soft)}",
    "dl{display:flex;flex-wrap:wrap;gap:12px 36px;margin:20px 0 16px}",
    "dt{font-size:13px;color:var(--soft)}dd{margin:0;font-size:18px;font-weight:600}",
    "code{font:13px/1.5 ui-monospace,monospace;overflow-wrap:anywhere}",
    "header code{display:block;padding:8px 12px;background:var(--card);border:1px solid "
    "var(--line);border-radius:6px}",
    "section{margin-top:28px;padding:24px;background:var(--card);border:1px solid var(--line);"
    "border-radius:10px}",
    ".tiles{list-style:none;display:grid;grid-template-columns:repeat(4,1fr);gap:12px;padding:0;"
    "margin:0 0 20px}",
    ".tiles li{padding:12px 14px;border:1px solid var(--line);border-radius:8px}",
    ".tiles li:nth-child(3){border-color:var(--accent);box-shadow:inset 3px 0 var(--accent)}",
    ".tiles span{display:block;font-size:13px;line-height:1.4;color:var(--soft)}"
    ".tiles b{display:block;font-size:22px;line-height:1.4}",
    "figure{margin:0;min-width:0}",
    "figcaption{display:flex;gap:8px;justify-content:space-between;align-items:baseline;"
    "font-size:13px;margin-bottom:2px}",
    "figcaption b{overflow:hidden;text-overflow:ellipsis;white-space:nowrap}"
    "figcaption span{color:var(--soft);white-space:nowrap}",
    ".panels{display:grid;grid-template-columns:repeat(4,1fr);gap:20px 20px;margin-bottom:16px}",
    ".panels.wide{grid-template-columns:repeat(3,1fr);gap:24px 28px}"
    ".panels:not(.wide) figcaption{display:block;line-height:1.35}"
    ".panels:not(.wide) figcaption>*{display:block}"
    "div.name{font-size:13px;line-height:26px;text-align:right;overflow:hidden;"
    "text-overflow:ellipsis;white-space:nowrap}",
    ".narrow{max-width:480px}",
    "svg{display:block;overflow:visible}svg svg{overflow:visible}",
    "text{font-size:12px;fill:var(--soft);font-variant-numeric:tabular-nums}",
    "text.axis{font-size:12px}text.name,text.value,text.flag{fill:var(--ink)}"
    "text.soft{fill:var(--soft)}text.strong{font-weight:600}",
    ".halo{paint-order:stroke;stroke:var(--card);stroke-width:5px;stroke-linejoin:round}",
    ".grid{stroke:var(--line)}.base{stroke:var(--base)}.pole{stroke:var(--base)}",
    ".ceiling{stroke:var(--soft);stroke-dasharray:5 4;stroke-width:1.25}",
    ".cold{fill:url(#hatch)}#hatch path{stroke:var(--line);stroke-width:1.5}",
    ".line{fill:none;stroke:var(--accent);stroke-width:2;stroke-linejoin:round;"
    "vector-effect:non-scaling-stroke}",
    ".line.ceiling{stroke:var(--soft);stroke-width:1.25}.area{fill:var(--wash)}",
    ".bar.more{fill:var(--accent)}.bar.less{fill:var(--base)}"
    ".bar.bound{fill:none;stroke:var(--base);stroke-width:1.25}.track{fill:var(--track)}",
    ".mark{fill:var(--card);stroke:var(--accent);stroke-width:2}.mark.full{fill:var(--accent)}"
    ".mark.soft{fill:var(--base);stroke:var(--card);stroke-width:1.5}"
    ".mark.tick-mark{stroke:var(--ink)}",
    ".at rect{fill:transparent}.at line,.at circle{opacity:0;pointer-events:none}"
    ".at line{stroke:var(--base)}.at circle{fill:var(--accent);stroke:var(--card);"
    "stroke-width:1.5}.at:hover line,.at:hover circle{opacity:1}",
    ".legend{list-style:none;display:flex;flex-wrap:wrap;gap:4px 18px;padding:0;margin:20px 0 8px;"
    "font-size:13px;color:var(--soft)}.legend li{display:flex;align-items:center;gap:7px}",
    "details{margin-top:10px;font-size:14px}details+p,details+figure{margin-top:18px}"
    "section>p:last-child{margin-bottom:0}summary{cursor:pointer;color:var(--accent)}",
    ".scroll{overflow-x:auto}",
    "table{border-collapse:collapse;margin:8px "
    "0;font-size:13px;font-variant-numeric:tabular-nums}",
    "th,td{padding:4px 14px 4px 0;text-align:right;border-bottom:1px solid var(--line);"
    "white-space:nowrap}th{font-weight:400}thead th{color:var(--soft)}"
    "th:first-child{text-align:left}tbody th{max-width:500px;overflow:hidden;"
    "text-overflow:ellipsis}",
    "footer{margin-top:24px;font-size:13px;color:var(--soft)}",
    "#tip{position:fixed;z-index:1;padding:6px 10px;background:var(--ink);color:var(--back);"
    "font-size:13px;line-height:1.45;white-space:pre;border-radius:6px;pointer-events:none;"
    "max-width:calc(100vw - 16px)}#tip[hidden]{display:none}",
    "@media screen and (max-width:900px){.panels{grid-template-columns:repeat(3,1fr)}"
    ".panels.wide{grid-template-columns:repeat(2,1fr)}}",
    "@media screen and (max-width:640px){main{padding:24px 12px}h1{font-size:23px}"
    "section{padding:18px 14px;margin-top:18px}.tiles,.panels{grid-template-columns:repeat(2,1fr)}"
    ".panels.wide{grid-template-columns:1fr}th,td{padding-right:10px}tbody "
    "th{white-space:normal}.panels{gap:16px 12px}"
    "dl{gap:10px 24px}}",
    "@media print{body{background:#fff;font-size:11pt}main{max-width:none;padding:0}"
    "section{border:0;padding:0}figure,.plot,.tiles,tr,p{break-inside:avoid}h2,h2+p,.legend,"
    "summary{"
    "break-after:avoid}.panels{grid-template-columns:repeat(3,1fr)}.panels.wide{grid-template-"
    "columns:repeat(2,1fr)}"
    "#tip{display:none}summary{color:inherit;list-style:none}"
    "details::details-content{content-visibility:visible;height:auto}.scroll{overflow:visible}}",
    NULL};

const char page_script[] =
    "(function(){\n"
    "var tip=document.getElementById('tip'),texts=new Map();\n"
    "document.querySelectorAll('g.at').forEach(function(g){\n"
    "var title=g.querySelector('title');texts.set(g,title.textContent);title.remove()});\n"
    "function show(event){\n"
    "var g=event.target.closest?event.target.closest('g.at'):null;\n"
    "tip.hidden=!g;if(!g)return;\n"
    "tip.textContent=texts.get(g);\n"
    "var left=event.clientX-tip.offsetWidth/2,top=event.clientY-tip.offsetHeight-14;\n"
    "left=Math.max(8,Math.min(left,document.documentElement.clientWidth-tip.offsetWidth-8));\n"
    "tip.style.left=left+'px';tip.style.top=(top<8?event.clientY+18:top)+'px'}\n"
    "document.addEventListener('pointermove',show);\n"
    "document.addEventListener('pointerdown',show);\n"
    "document.addEventListener('scroll',function(){tip.hidden=true},true);\n"
    "addEventListener('beforeprint',function(){\n"
    "document.querySelectorAll('details').forEach(function(d){d.open=true})})\n"
    "})();\n";
