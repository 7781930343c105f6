@echo off
rem Builds the tool when a source is newer than the last build, then runs it. The twin of the file "temper".
setlocal
set "ROOT=%~dp0"
set "OUTPUT=%ROOT%artifacts\tool"
set "STAMP=%OUTPUT%\.stamp"
set "STALE=$s='%STAMP%'; $stale=-not (Test-Path $s); if (-not $stale) { $t=(Get-Item $s).LastWriteTimeUtc; $stale=[bool](Get-ChildItem '%ROOT%src','%ROOT%Directory.Build.props','%ROOT%Directory.Packages.props','%ROOT%global.json' -Recurse | Where-Object { $_.FullName -notmatch '\\(bin|obj)(\\|$)' -and $_.LastWriteTimeUtc -gt $t } | Select-Object -First 1) }"
powershell -NoProfile -Command "%STALE%; if ($stale) { exit 1 }"
if not errorlevel 1 goto run
if not exist "%OUTPUT%" mkdir "%OUTPUT%"
rem One build at a time: another call waits for the mutex until it is done, and then has nothing to build.
powershell -NoProfile -Command "$m=New-Object Threading.Mutex($false, ('temper '+'%ROOT%'.Replace('\','/').ToLowerInvariant())); try { [void]$m.WaitOne() } catch { }; %STALE%; if ($stale) { 'building...'; dotnet build '%ROOT%src\Temper.Cli' -c Release -o '%OUTPUT%\bin' '-p:RunAnalyzers=false' --nologo -v quiet; if ($LASTEXITCODE -ne 0) { exit 1 }; Set-Content $s 'built' }" 1>&2
if errorlevel 1 exit /b 1
:run
dotnet "%OUTPUT%\bin\Temper.Cli.dll" %*
exit /b %errorlevel%
