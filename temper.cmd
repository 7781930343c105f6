@echo off
rem Builds the tool when a source is newer than the last build, then runs it. The twin of the file "temper".
setlocal
set "ROOT=%~dp0"
set "OUTPUT=%ROOT%artifacts\tool"
set "STAMP=%OUTPUT%\.stamp"
powershell -NoProfile -Command "$s='%STAMP%'; if (-not (Test-Path $s)) { exit 1 }; $t=(Get-Item $s).LastWriteTimeUtc; $new=Get-ChildItem '%ROOT%src','%ROOT%Directory.Build.props','%ROOT%Directory.Packages.props','%ROOT%global.json' -Recurse | Where-Object { $_.FullName -notmatch '\\(bin|obj)(\\|$)' -and $_.LastWriteTimeUtc -gt $t } | Select-Object -First 1; if ($new) { exit 1 }"
if not errorlevel 1 goto run
echo building... 1>&2
if not exist "%OUTPUT%" mkdir "%OUTPUT%"
dotnet build "%ROOT%src\Temper.Cli" -c Release -o "%OUTPUT%\bin" -p:RunAnalyzers=false --nologo -v quiet 1>&2
if errorlevel 1 exit /b 1
type nul > "%STAMP%"
:run
dotnet "%OUTPUT%\bin\Temper.Cli.dll" %*
exit /b %errorlevel%
